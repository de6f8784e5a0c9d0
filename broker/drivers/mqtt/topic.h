/* SPDX-License-Identifier: BSD-2-Clause */
/* The topics of an instance, which options and mappings name. Pure. */
#ifndef BROKER_DRIVERS_MQTT_TOPIC_H
#define BROKER_DRIVERS_MQTT_TOPIC_H

#include "broker/drivers/mqtt/mqtt.h"

/* Says whether a text can be a topic: without wildcards, not empty. -EINVAL with `reason`. */
int topic_check(const char *topic, struct fc_reason *reason);

/* Applies an option that names a topic. -ENOENT: it is nothing of a topic's; another -errno with `reason`. */
int topic_configure(struct mqtt *mqtt, const char *name, const char *value, struct fc_reason *reason);

/* Returns the topic of a channel, or NULL. */
struct mqtt_topic *topic_of_channel(struct mqtt *mqtt, uint32_t id);

static inline int topic_qos(const struct mqtt *mqtt, const struct mqtt_topic *topic)
{
    return topic->qos < 0 ? mqtt->qos : topic->qos;
}

static inline bool topic_is_retained(const struct mqtt *mqtt, const struct mqtt_topic *topic)
{
    return topic->retain < 0 ? mqtt->is_retained : topic->retain > 0;
}

void topics_deinit(struct mqtt *mqtt);

#endif
