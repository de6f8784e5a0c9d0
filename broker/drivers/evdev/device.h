/* SPDX-License-Identifier: BSD-2-Clause */
/* What both devices of an instance report to. In drivers. */
#ifndef BROKER_DRIVERS_EVDEV_DEVICE_H
#define BROKER_DRIVERS_EVDEV_DEVICE_H

#include "broker/drivers/evdev/evdev.h"

/* Tells the core and the channel EVDEV_ALIVE whether the devices are there, if that has changed. */
void device_tell(struct evdev *evdev);

/* Copies the name of a device, which may hold anything, as text that can be shown. */
void device_name(char *text, size_t bytes, const char *name);

#endif
