/* SPDX-License-Identifier: BSD-2-Clause */
/* What the desk is told of channels while clients watch: values that are collected for a message. In the
 * broker. */
#ifndef BROKER_CONTROL_WATCH_VALUES_H
#define BROKER_CONTROL_WATCH_VALUES_H

#include <stdbool.h>

#include "broker/control/private.h"

/* Returns what the desk knows of a channel, which may be nothing, and the last event that was noted. */
struct channel_watch *watch_values_of(const struct watch *watch, const struct route_target *target);

/* Adds a value of a channel, with its name if the desk needs that; `*cost` grows. False if the message is
 * full. */
bool watch_values_add(struct watch *watch, const struct route_target *target, struct desk_value *value,
                      unsigned *cost);

/* The same with what the channel is at present, unless no watch may see it. */
bool watch_values_add_present(struct watch *watch, const struct route_target *target, unsigned *cost);

#endif
