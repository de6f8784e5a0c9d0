/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connection to the server: made, kept, and made again when it is lost. A message goes out at once while
 * the server takes them; otherwise each topic keeps its newest value. Runs in drivers.
 */
#ifndef BROKER_DRIVERS_MQTT_CONNECTION_H
#define BROKER_DRIVERS_MQTT_CONNECTION_H

#include "broker/drivers/mqtt/mqtt.h"

/* Begins to connect. 0, or -errno with the reason told to the core: an option cannot be used. */
int connection_start(struct mqtt *mqtt);

/* Says goodbye, as far as that takes no time. */
void connection_stop(struct mqtt *mqtt);

/* Publishes the topic's value, now or as soon as the server takes it. */
void connection_publish(struct mqtt *mqtt, struct mqtt_topic *topic);

/* Subscribes to what mappings have begun to use. */
void connection_subscribe(struct mqtt *mqtt, struct mqtt_topic *topic);

/* Says in a few words how the connection is. */
void connection_describe(const struct mqtt *mqtt, char *text, size_t bytes);

#endif
