/* SPDX-License-Identifier: BSD-2-Clause */
/* The channels of an instance. Pure; in the broker and drivers. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/drivers/evdev/evdev.h"

int evdev_canonical(void *self, const char *name, char *canonical, size_t bytes, struct fc_reason *reason)
{
    struct code code;

    (void)self;
    if (strcmp(name, EVDEV_ALIVE) == 0)
        snprintf(canonical, bytes, "%s", name);
    else if (code_read(&code, name, reason) < 0)
        return -EINVAL;
    else
        code_write(&code, canonical, bytes);
    return 0;
}

/* Says whether the instance can do with the channel what the mappings want. */
static int channel_check(const struct evdev *evdev, const struct evdev_channel *channel, const char *name,
                         struct fc_reason *reason)
{
    bool is_target = channel->directions & FC_TARGET;

    if (channel->is_alive)
        return is_target ? fc_refuse(reason, "the channel " EVDEV_ALIVE " cannot be set") : 0;
    if (is_target && evdev->output && channel->code.type == EV_ABS && !evdev->axes[channel->code.code].is_set)
        return fc_refuse(reason, "an absolute axis that is set needs its range: axis.%.40s = VALUE MIN MAX",
                         strchr(name, '.') + 1);
    if (is_target && !evdev->output)
        return fc_doubt(reason, "nothing can be set on \"%.80s\": the instance makes no device (output)",
                        name);
    if ((channel->directions & FC_SOURCE) && !evdev_reads(evdev))
        return fc_doubt(reason, "nothing comes from \"%.80s\": the instance reads no device (device, input)",
                        name);
    return 0;
}

int evdev_channel(void *self, uint32_t id, const char *name, unsigned directions, struct fc_reason *reason)
{
    struct evdev *evdev = self;
    struct evdev_channel channel = {.directions = directions, .value = NAN}, *channels;
    int r;

    channel.is_alive = strcmp(name, EVDEV_ALIVE) == 0;
    if (!channel.is_alive && code_read(&channel.code, name, reason) < 0)
        return -EINVAL;
    r = channel_check(evdev, &channel, name, reason);
    if (r < 0)
        return r;
    if (id == evdev->n_channels) {
        channels = reallocarray(evdev->channels, evdev->n_channels + 1, sizeof(*channels));
        if (!channels)
            return -ENOMEM;
        evdev->channels = channels;
        evdev->channels[evdev->n_channels++] = channel;
    }
    evdev->channels[id].directions = directions;
    return r;
}
