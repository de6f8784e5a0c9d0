/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device that the kernel makes for us (uinput), with the keys and axes that mappings set. When this process
 * ends, however it does, the kernel lets go of its keys and removes it. In drivers.
 */
#include "broker/drivers/evdev/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev-uinput.h>
#include <libevdev/libevdev.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/drivers/evdev/device.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define OUTPUT_RETRY_NS (2 * FC_NS_PER_S)
#define OUTPUT_READ_MS  100 /* in which programs read that keys were let go */

struct evdev_output {
    struct evdev *evdev;
    int fd;
    struct libevdev *plan; /* what the device has */
    struct libevdev_uinput *device;
    struct fc_timer *anew;
    struct value_frame frames[REL_CNT];
    bool is_pending; /* something was set that was not flushed */
    uint64_t failed_ns;
};

static int output_enable_axis(struct libevdev *plan, uint16_t code, const struct evdev_axis *axis)
{
    const struct input_absinfo info = {
        .value = axis->value,
        .minimum = axis->min,
        .maximum = axis->max,
        .fuzz = axis->fuzz,
        .flat = axis->flat,
        .resolution = axis->resolution,
    };

    return libevdev_enable_event_code(plan, EV_ABS, code, &info);
}

static int output_enable(const struct evdev *evdev, struct libevdev *plan)
{
    int r = 0;

    for (uint16_t code = 0; r == 0 && code < ABS_CNT; code++) {
        if (evdev->axes[code].is_set)
            r = output_enable_axis(plan, code, &evdev->axes[code]);
    }
    for (size_t i = 0; r == 0 && i < evdev->n_channels; i++) {
        const struct evdev_channel *channel = &evdev->channels[i];

        if ((channel->directions & FC_TARGET) && channel->code.type != EV_ABS)
            r = libevdev_enable_event_code(plan, channel->code.type, channel->code.code, NULL);
    }
    return r < 0 ? -ENOMEM : 0;
}

static struct libevdev *output_plan(const struct evdev *evdev)
{
    struct libevdev *plan = libevdev_new();

    if (!plan)
        return NULL;
    libevdev_set_name(plan, evdev->output);
    if (evdev->id[0])
        libevdev_set_id_bustype(plan, evdev->id[0]);
    libevdev_set_id_vendor(plan, evdev->id[1]);
    libevdev_set_id_product(plan, evdev->id[2]);
    libevdev_set_id_version(plan, evdev->id[3]);
    if (output_enable(evdev, plan) == 0)
        return plan;
    libevdev_free(plan);
    return NULL;
}

static int output_refuse(struct fc_reason *reason, int r)
{
    if (r == -ENOENT || r == -ENODEV || r == -ENXIO)
        fc_refuse(reason, "there is no " EVDEV_UINPUT ": the module is not loaded (modprobe uinput)");
    else if (r == -EACCES || r == -EPERM)
        fc_refuse(reason, EVDEV_UINPUT " may not be opened: it has to belong to the group " EVDEV_GROUP
                                       ", and the account of the broker to be in it");
    else
        fc_refuse(reason, "no device can be made: %s", strerror(-r));
    return r;
}

static int output_make(struct evdev_output *output)
{
    int r;

    output->plan = output_plan(output->evdev);
    if (!output->plan)
        return -ENOMEM;
    output->fd = open(EVDEV_UINPUT, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (output->fd < 0)
        return -errno;
    r = libevdev_uinput_create_from_device(output->plan, output->fd, &output->device);
    if (r < 0)
        return r;
    memcpy(output->frames, output->evdev->frames, sizeof(output->frames));
    output->evdev->is_made = true;
    fc_log(FC_LOG_INFO, NULL, "makes the device \"%s\"", output->evdev->output);
    return 0;
}

/* Ends the device, if there is one. */
static void output_end(struct evdev_output *output)
{
    if (output->device)
        libevdev_uinput_destroy(fc_steal(output->device));
    libevdev_free(fc_steal(output->plan));
    fc_closep(&output->fd);
    output->fd = -1;
    output->evdev->is_made = false;
}

static void output_write(struct evdev_output *output, const struct code *code, int32_t value)
{
    int r = libevdev_uinput_write_event(output->device, code->type, code->code, value);

    if (r < 0 && fc_once_a_second(&output->failed_ns))
        fc_log(FC_LOG_WARNING, NULL, "the device \"%s\" does not take what is set: %s", output->evdev->output,
               strerror(-r));
    output->is_pending = true;
}

/*
 * Lets go of all keys before the device ends, lest a program see one of them down for ever. Whoever has it
 * open can read nothing more as soon as it has ended, not even what came before (evdev_read() of the kernel).
 */
static void output_release(struct evdev_output *output)
{
    struct evdev *evdev = output->evdev;
    bool was_down = false;

    for (size_t i = 0; output->device && i < evdev->n_channels; i++) {
        struct evdev_channel *channel = &evdev->channels[i];

        if (!channel->is_down)
            continue;
        channel->is_down = false;
        output_write(output, &channel->code, 0);
        was_down = true;
    }
    output_flush(evdev);
    if (was_down)
        poll(NULL, 0, OUTPUT_READ_MS);
}

/* Sets again what was set, on a device that was just made. */
static void output_restore(struct evdev_output *output)
{
    struct evdev *evdev = output->evdev;

    for (size_t i = 0; i < evdev->n_channels; i++) {
        struct evdev_channel *channel = &evdev->channels[i];

        if ((channel->directions & FC_TARGET) && channel->is_set && channel->code.type != EV_REL)
            output_set(evdev, channel, channel->set);
    }
    output_flush(evdev);
}

static void output_make_anew(void *userdata)
{
    struct evdev_output *output = userdata;
    struct fc_reason reason;
    int r;

    output_release(output);
    output_end(output);
    r = output_make(output);
    if (r < 0) {
        output_refuse(&reason, r);
        fc_log(FC_LOG_ERROR, NULL, "%s; trying again until it can be made", reason.text);
        output_end(output);
        fc_timer_set(output->anew, fc_now_ns() + OUTPUT_RETRY_NS);
    } else {
        output_restore(output);
    }
    device_tell(output->evdev);
}

int output_start(struct evdev *evdev, struct fc_reason *reason)
{
    struct evdev_output *output = calloc(1, sizeof(*output));
    int r;

    if (!output)
        return -ENOMEM;
    output->evdev = evdev;
    output->fd = -1;
    evdev->out = output;
    r = fc_timer_new(&output->anew, evdev->instance, output_make_anew, output);
    if (r == 0)
        r = output_make(output);
    return r < 0 && r != -ENOMEM ? output_refuse(reason, r) : r;
}

void output_stop(struct evdev *evdev)
{
    struct evdev_output *output = evdev->out;

    if (!output)
        return;
    output_release(output);
    output_end(output);
    evdev->out = NULL;
    fc_timer_free(output->anew);
    free(output);
}

void output_extend(struct evdev *evdev)
{
    const struct evdev_output *output = evdev->out;

    for (size_t i = 0; output && output->device && i < evdev->n_channels; i++) {
        const struct evdev_channel *channel = &evdev->channels[i];

        if ((channel->directions & FC_TARGET) &&
            !libevdev_has_event_code(output->plan, channel->code.type, channel->code.code))
            fc_timer_set(output->anew, fc_now_ns());
    }
}

void output_set(struct evdev *evdev, struct evdev_channel *channel, double value)
{
    struct evdev_output *output = evdev->out;
    const struct code *code = &channel->code;
    const struct evdev_axis *axis = code->type == EV_ABS ? &evdev->axes[code->code] : NULL;

    channel->set = value;
    channel->is_set = true;
    if (!output || !output->device)
        return;
    if (axis) {
        output_write(output, code, value_to_absolute(value, axis->min, axis->max));
    } else if (code->type == EV_REL) {
        output_write(output, code, value_to_relative(&output->frames[code->code], value));
    } else {
        channel->is_down = value_to_switch(value);
        output_write(output, code, channel->is_down);
    }
}

void output_flush(struct evdev *evdev)
{
    struct evdev_output *output = evdev->out;
    const struct code end = {.type = EV_SYN, .code = SYN_REPORT};

    if (!output || !output->is_pending)
        return;
    if (output->device)
        output_write(output, &end, 0);
    output->is_pending = false;
}
