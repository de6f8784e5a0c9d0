/* SPDX-License-Identifier: BSD-2-Clause */
/* The slots of MQTT in a driver. */
#include "broker/drivers/mqtt/connection.h"
#include "broker/drivers/mqtt/mqtt.h"
#include "broker/drivers/mqtt/newest.h"
#include "broker/drivers/mqtt/topic.h"

extern const struct fc_backend driver_mqtt;

static void driver_free(void *self)
{
    if (self)
        connection_stop(self);
    mqtt_free(self);
}

/* A new configuration may use more channels while this runs. */
static int driver_channel(void *self, uint32_t id, const char *name, unsigned directions,
                          struct fc_reason *reason)
{
    int r = mqtt_channel(self, id, name, directions, reason);
    struct mqtt_topic *topic = r < 0 ? NULL : topic_of_channel(self, id);

    if (topic)
        connection_subscribe(self, topic);
    return r;
}

static int driver_start(void *self)
{
    int r = connection_start(self);

    return r < 0 ? r : 1;
}

static void driver_stop(void *self)
{
    connection_stop(self);
}

static void driver_set(void *self, uint32_t channel, double value)
{
    struct mqtt_topic *topic = topic_of_channel(self, channel);

    if (!topic)
        return;
    newest_set(topic, value);
    connection_publish(self, topic);
}

static void driver_describe(const void *self, char *text, size_t bytes)
{
    connection_describe(self, text, bytes);
}

const struct fc_backend driver_mqtt = {
    MQTT_CONFIGURATION,          .instance_free = driver_free, .channel = driver_channel,
    .start = driver_start,       .stop = driver_stop,          .set = driver_set,
    .describe = driver_describe,
};
