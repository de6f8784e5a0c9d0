/* SPDX-License-Identifier: BSD-2-Clause */
/* The row of evdev in the broker, where nothing of it is started. */
#include "broker/drivers/evdev/evdev.h"

extern const struct fc_backend backend_evdev;

const struct fc_backend backend_evdev = {
    EVDEV_CONFIGURATION,
    .instance_free = evdev_free,
    .channel = evdev_channel,
};
