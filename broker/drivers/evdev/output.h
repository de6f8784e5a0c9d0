/* SPDX-License-Identifier: BSD-2-Clause */
/* The device that an instance makes. In drivers. */
#ifndef BROKER_DRIVERS_EVDEV_OUTPUT_H
#define BROKER_DRIVERS_EVDEV_OUTPUT_H

#include "broker/drivers/evdev/evdev.h"

/* Makes the device, with the keys and axes of the channels. -errno with `reason` filled, or -ENOMEM. */
int output_start(struct evdev *evdev, struct fc_reason *reason);

/* Releases the keys, and ends the device. Takes an instance that was not started, too. */
void output_stop(struct evdev *evdev);

/* Makes the device anew if it lacks a key or axis that a channel has. */
void output_extend(struct evdev *evdev);

/* Sets a channel; output_flush() tells it to those that read the device. */
void output_set(struct evdev *evdev, struct evdev_channel *channel, double value);

void output_flush(struct evdev *evdev);

#endif
