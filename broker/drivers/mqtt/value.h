/* SPDX-License-Identifier: BSD-2-Clause */
/* How values are written in MQTT's payloads: as numbers of a range, or as one of several texts. Pure. */
#ifndef BROKER_DRIVERS_MQTT_VALUE_H
#define BROKER_DRIVERS_MQTT_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/drivers/mqtt/mqtt.h"

/*
 * Reads what an option says of a topic's values: `range MIN MAX`, or `discrete [!]MIN [!]MAX TEXT`, which may
 * come several times. 0, -ENOENT if it is neither, -EINVAL with `reason`, or -ENOMEM.
 */
int value_configure(struct mqtt_format *format, const char *text, struct fc_reason *reason);

void value_deinit(struct mqtt_format *format);

/* Returns the number that stands for a value from 0 to 1. */
double value_to_number(const struct mqtt_format *format, double value);

/* Returns the value, from 0 to 1, that a number stands for. */
double value_of_number(const struct mqtt_format *format, double number);

/* Returns the text of the choice for a value; NULL if none has it. */
const char *value_to_choice(const struct mqtt_format *format, double value);

/* Reads a payload. Returns false if it is neither a number nor one of the texts. */
bool value_read(const struct mqtt_format *format, const char *text, double *value);

/* Writes a payload of at most `bytes` with its NUL. Returns false if no text stands for the value. */
bool value_write(const struct mqtt_format *format, double value, char *text, size_t bytes);

#endif
