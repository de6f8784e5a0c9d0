/* SPDX-License-Identifier: BSD-2-Clause */
/* TLS: the certificates of an instance. Runs in drivers. */
#ifndef BROKER_DRIVERS_MQTT_TLS_H
#define BROKER_DRIVERS_MQTT_TLS_H

#include "broker/drivers/mqtt/mqtt.h"

struct mosquitto;

/* Has a client use TLS, and check the server's name. 0, -ENOMEM, or -EINVAL with `reason`. */
int tls_set(const struct mqtt *mqtt, struct mosquitto *client, struct fc_reason *reason);

#endif
