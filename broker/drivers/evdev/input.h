/* SPDX-License-Identifier: BSD-2-Clause */
/* The device that an instance reads. In drivers. */
#ifndef BROKER_DRIVERS_EVDEV_INPUT_H
#define BROKER_DRIVERS_EVDEV_INPUT_H

#include "broker/drivers/evdev/evdev.h"

/*
 * Begins to read the device, now or as soon as it is there. 0; -ENOMEM; or another -errno with `reason`
 * filled, if the folder of devices cannot be read.
 */
int input_start(struct evdev *evdev, struct fc_reason *reason);

/* Takes an instance that was not started, too. */
void input_stop(struct evdev *evdev);

/* Says in a few words how it does. */
void input_describe(const struct evdev *evdev, char *text, size_t bytes);

#endif
