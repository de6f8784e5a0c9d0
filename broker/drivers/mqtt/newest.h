/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose the newest value of a topic is. Only what is ours is sent again after a reconnect: it would take the
 * place of what others have set since. What counts is the order at the server. Pure; in drivers.
 */
#ifndef BROKER_DRIVERS_MQTT_NEWEST_H
#define BROKER_DRIVERS_MQTT_NEWEST_H

#include "broker/drivers/mqtt/mqtt.h"

static inline void newest_set(struct mqtt_topic *topic, double value)
{
    topic->value = value;
    topic->is_ours = true;
}

/*
 * Somebody else's message has come. It is older than what is still to be sent, or not yet acknowledged; and
 * what the server had retained is older than what was sent after the subscription.
 */
static inline void newest_heard(struct mqtt_topic *topic, bool is_retained)
{
    if (!topic->is_dirty && !topic->under_way && !(is_retained && topic->is_sent))
        topic->is_ours = false;
}

/* A message of our own was returned. If it is the last one, nobody else's has come after it. */
static inline void newest_returned(struct mqtt_topic *topic)
{
    if (topic->n_echoes == 0)
        topic->is_ours = true;
}

#endif
