/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the device that an instance reads. In drivers. */
#ifndef BROKER_DRIVERS_EVDEV_FIND_H
#define BROKER_DRIVERS_EVDEV_FIND_H

#include "broker/drivers/evdev/evdev.h"

#define FIND_PATH_BYTES 512

/*
 * Opens the device, and writes its path. Of those whose names begin as the instance says, it is the one with
 * the shortest name; a device that the instance makes itself is not among them. Returns a descriptor; -ENOENT
 * if there is none, or -EACCES if there are only some that may not be opened; or another -errno.
 */
int find_open(const struct evdev *evdev, char path[FIND_PATH_BYTES]);

#endif
