/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether an instance has its devices. In drivers. */
#include "broker/drivers/evdev/device.h"

void device_tell(struct evdev *evdev)
{
    bool alive = (!evdev_reads(evdev) || evdev->is_read) && (!evdev->output || evdev->is_made);

    if (evdev->alive == alive)
        return;
    evdev->alive = alive;
    fc_up(evdev->instance, alive);
    for (uint32_t id = 0; id < evdev->n_channels; id++) {
        if (evdev->channels[id].is_alive && (evdev->channels[id].directions & FC_SOURCE))
            fc_emit(evdev->instance, id, alive);
    }
}

void device_name(char *text, size_t bytes, const char *name)
{
    size_t n = 0;

    for (; name && name[n] && n + 1 < bytes; n++)
        text[n] = name[n] >= ' ' && name[n] <= '~' ? name[n] : '?';
    text[n] = '\0';
}
