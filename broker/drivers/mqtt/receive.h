/* SPDX-License-Identifier: BSD-2-Clause */
/* What the server sends becomes events of the channels on its topic. Runs in drivers. */
#ifndef BROKER_DRIVERS_MQTT_RECEIVE_H
#define BROKER_DRIVERS_MQTT_RECEIVE_H

#include "broker/drivers/mqtt/mqtt.h"

struct mosquitto_message;

/* Takes a message, which is borrowed and hostile. What none of the channels can read is counted and logged.
 */
void receive_message(struct mqtt *mqtt, const struct mosquitto_message *message);

#endif
