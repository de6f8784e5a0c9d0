/* SPDX-License-Identifier: BSD-2-Clause */
/* Members of JSON in payloads, by paths such as `color.x` or `list.0`. Runs in drivers. */
#ifndef BROKER_DRIVERS_MQTT_JSON_H
#define BROKER_DRIVERS_MQTT_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/drivers/mqtt/mqtt.h"

/* What a payload is to a path. */
enum json_found {
    JSON_FOUND,
    JSON_ABSENT, /* it has no such member, as messages about something else */
    JSON_WRONG,  /* it is no JSON, or the member is no value of this format */
};

/* Reads the member of a payload. */
enum json_found json_read(const struct mqtt_topic *topic, const char *payload, size_t bytes, double *value);

/* Writes an object with the one member. The text is the caller's; NULL without memory, or without a text for
 * it. */
char *json_write(const struct mqtt_topic *topic, double value);

#endif
