/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of our own that a server of MQTT 3.1.1 returns to us, since we have subscribed to their topic,
 * too. They are no news. Pure; in drivers.
 */
#ifndef BROKER_DRIVERS_MQTT_ECHO_H
#define BROKER_DRIVERS_MQTT_ECHO_H

#include <string.h>

#include "broker/drivers/mqtt/mqtt.h"

/* FNV-1a; never 0. */
static inline uint32_t echo_hash(const char *payload)
{
    uint32_t hash = 2166136261u;

    for (; *payload; payload++)
        hash = (hash ^ (unsigned char)*payload) * 16777619u;
    return hash ? hash : 1;
}

/* Notes that a message was sent; of many, the oldest is forgotten. */
static inline void echo_expect(struct mqtt_topic *topic, const char *payload)
{
    if (topic->n_echoes == MQTT_MAX_ECHOES)
        memmove(topic->echoes, topic->echoes + 1, --topic->n_echoes * sizeof(topic->echoes[0]));
    topic->echoes[topic->n_echoes++] = echo_hash(payload);
}

/* Returns whether it is one of those; it is forgotten, with those before it. */
static inline bool echo_is(struct mqtt_topic *topic, const char *payload)
{
    uint32_t hash = topic->n_echoes ? echo_hash(payload) : 0;

    for (unsigned i = 0; i < topic->n_echoes; i++) {
        if (topic->echoes[i] != hash)
            continue;
        topic->n_echoes -= i + 1;
        memmove(topic->echoes, topic->echoes + i + 1, topic->n_echoes * sizeof(topic->echoes[0]));
        return true;
    }
    return false;
}

#endif
