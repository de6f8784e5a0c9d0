/* SPDX-License-Identifier: BSD-2-Clause */
/* What Home Assistant is told of an instance's channels (option homeassistant). Runs in drivers. */
#ifndef BROKER_DRIVERS_MQTT_DISCOVERY_H
#define BROKER_DRIVERS_MQTT_DISCOVERY_H

#include "broker/drivers/mqtt/mqtt.h"

/* Publishes a text, which the server keeps. */
typedef void (*discovery_fn)(struct mqtt *mqtt, const char *topic, const char *text);

/* Publishes a configuration for each channel of a whole topic. */
void discovery_announce(struct mqtt *mqtt, discovery_fn publish);

#endif
