/* SPDX-License-Identifier: BSD-2-Clause */
/* The slots of evdev in a driver. */
#include <stdio.h>
#include <string.h>

#include "broker/drivers/evdev/device.h"
#include "broker/drivers/evdev/evdev.h"
#include "broker/drivers/evdev/input.h"
#include "broker/drivers/evdev/output.h"

extern const struct fc_backend driver_evdev;

static void driver_stop(void *self)
{
    input_stop(self);
    output_stop(self);
}

static void driver_free(void *self)
{
    if (self)
        driver_stop(self);
    evdev_free(self);
}

/* A new configuration may use more channels while this runs. */
static int driver_channel(void *self, uint32_t id, const char *name, unsigned directions,
                          struct fc_reason *reason)
{
    struct evdev *evdev = self;
    int r = evdev_channel(evdev, id, name, directions, reason);

    if (r < 0)
        return r;
    if (evdev->channels[id].is_alive && (directions & FC_SOURCE) && evdev->alive >= 0)
        fc_emit(evdev->instance, id, evdev->alive);
    if (directions & FC_TARGET)
        output_extend(evdev);
    return r;
}

/* The device that is read may come later; what can be told now is whether there can be one. */
static int driver_start(void *self)
{
    struct evdev *evdev = self;
    struct fc_reason reason = {.text = ""};
    int r = evdev->output ? output_start(evdev, &reason) : 0;

    if (r == 0 && evdev_reads(evdev))
        r = input_start(evdev, &reason);
    device_tell(evdev);
    if (r < 0 && reason.text[0])
        fc_because(evdev->instance, &reason);
    return r < 0 ? r : 1;
}

static void driver_set(void *self, uint32_t channel, double value)
{
    struct evdev *evdev = self;

    if (evdev->output && !evdev->channels[channel].is_alive)
        output_set(evdev, &evdev->channels[channel], value);
}

static void driver_flush(void *self)
{
    output_flush(self);
}

static void driver_describe(const void *self, char *text, size_t bytes)
{
    const struct evdev *evdev = self;
    char name[EVDEV_MAX_NAME];
    size_t n;

    if (evdev_reads(evdev))
        input_describe(evdev, text, bytes);
    if (!evdev->output)
        return;
    n = strlen(text);
    device_name(name, sizeof(name), evdev->output);
    snprintf(text + n, bytes - n, "%s%s \"%s\"", n ? ", " : "", evdev->is_made ? "makes" : "cannot make",
             name);
}

const struct fc_backend driver_evdev = {
    EVDEV_CONFIGURATION,   .instance_free = driver_free, .channel = driver_channel,
    .start = driver_start, .stop = driver_stop,          .set = driver_set,
    .flush = driver_flush, .describe = driver_describe,
};
