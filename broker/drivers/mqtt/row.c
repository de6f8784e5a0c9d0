/* SPDX-License-Identifier: BSD-2-Clause */
/* The row of MQTT in the broker, where nothing of it is started. */
#include "broker/drivers/mqtt/mqtt.h"

extern const struct fc_backend backend_mqtt;

const struct fc_backend backend_mqtt = {
    MQTT_CONFIGURATION,
    .instance_free = mqtt_free,
    .channel = mqtt_channel,
};
