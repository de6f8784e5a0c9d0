/* SPDX-License-Identifier: BSD-2-Clause */
/* How what keys and axes say becomes values from 0 to 1, and back. Pure; in drivers. */
#ifndef BROKER_DRIVERS_EVDEV_VALUE_H
#define BROKER_DRIVERS_EVDEV_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/* Returns the value of an absolute axis, within the range that the device names; 0 if that is empty. */
double value_of_absolute(int32_t position, int32_t min, int32_t max);

/* Returns the position, to the nearest, that a value stands for. */
int32_t value_to_absolute(double value, int32_t min, int32_t max);

/* The frame in which movements become positions: from 0 to `max`. */
struct value_frame {
    int32_t max; /* more than 0; 0: there is no frame */
    bool is_inverted;
    int32_t position;
};

/* Returns the value after a movement; without a frame, 0, 0.5 or 1 for one that is below, equal to or above
 * 0. */
double value_of_relative(struct value_frame *frame, int32_t movement);

/* Returns the movement that leads to a value; without a frame, -1, 0 or 1 for below, equal to or above 0.5.
 */
int32_t value_to_relative(struct value_frame *frame, double value);

/* Returns the value of what is on or off, or a bare number. */
double value_of_switch(int32_t state);

/* Returns whether a key is down. */
int32_t value_to_switch(double value);

#endif
