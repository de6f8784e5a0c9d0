/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of evdev. Pure; in the broker and drivers. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/drivers/evdev/evdev.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/driver.h"
#include "firecurtain/option.h"

const struct fc_option evdev_options[] = {
    {"detect", FC_SCOPE_BACKEND, false, "on", "Whether what comes in is logged, as the channel that it is"},
    {"device", FC_SCOPE_INSTANCE, false, "/dev/input/by-id/usb-Pedal-event-kbd", "The device that is read"},
    {"input", FC_SCOPE_INSTANCE, false, "Xbox Wireless",
     "The device that is read: what its name begins with"},
    {"exclusive", FC_SCOPE_INSTANCE, false, "1", "Whether nobody else gets what the device says"},
    {"output", FC_SCOPE_INSTANCE, false, "My Joystick", "The name of a device that is made"},
    {"id", FC_SCOPE_INSTANCE, false, "0x1 0x2 0x3", "Its vendor, product and version; or its bus and those"},
    {"axis.", FC_SCOPE_INSTANCE, true, "34300 0 65536 255 4095",
     "An axis of the device that is made: value, minimum, maximum, fuzz, flat, resolution"},
    {"relaxis.", FC_SCOPE_INSTANCE, true, "65534 32767",
     "The frame of a relative axis: its maximum, negative if inverted, and where it begins"},
    {.name = NULL},
};

void *evdev_new(struct fc_instance *instance, const char *directory)
{
    struct evdev *evdev = calloc(1, sizeof(*evdev));

    (void)directory;
    if (!evdev)
        return NULL;
    evdev->instance = instance;
    evdev->alive = -1;
    return evdev;
}

void evdev_free(void *self)
{
    struct evdev *evdev = self;

    if (!evdev)
        return;
    free(evdev->device);
    free(evdev->input);
    free(evdev->output);
    free(evdev->channels);
    free(evdev);
}

static int option_text(char **slot, const char *value)
{
    free(*slot);
    *slot = strdup(value);
    return *slot ? 0 : -ENOMEM;
}

static int option_device(struct evdev *evdev, const char *value, struct fc_reason *reason)
{
    if (value[0] != '/')
        return fc_refuse(reason,
                         "expected the path of a device, such as /dev/input/event3; with its name, "
                         "write input = %.80s",
                         value);
    return option_text(&evdev->device, value);
}

static int option_name(char **slot, const char *value, struct fc_reason *reason)
{
    if (!value[0] || strlen(value) >= EVDEV_MAX_NAME)
        return fc_refuse(reason, "the name of a device has 1 to %d bytes", EVDEV_MAX_NAME - 1);
    return option_text(slot, value);
}

/* Reads at most `most` numbers, decimal or with 0x. Returns how many; -1: there is something else. */
static int option_numbers(const char *text, int32_t *numbers, int most)
{
    char *end;
    int n = 0;

    for (text += strspn(text, " \t"); *text && n < most; text = end + strspn(end, " \t")) {
        long number = strtol(text, &end, 0);

        if (end == text || (*end && *end != ' ' && *end != '\t') || number < INT32_MIN || number > INT32_MAX)
            return -1;
        numbers[n++] = (int32_t)number;
    }
    return *text ? -1 : n;
}

static int option_id(struct evdev *evdev, const char *value, struct fc_reason *reason)
{
    int32_t numbers[4];
    int n = option_numbers(value, numbers, 4);

    for (int i = 0; i < n; i++) {
        if (numbers[i] < 0 || numbers[i] > UINT16_MAX)
            n = -1;
    }
    if (n < 1)
        return fc_refuse(reason,
                         "expected a vendor, a product and a version, each from 0 to 0xffff; a fourth "
                         "number in front of them is the bus");
    memset(evdev->id, 0, sizeof(evdev->id));
    for (int i = 0; i < n; i++)
        evdev->id[i + (n < 4)] = (uint16_t)numbers[i];
    return 0;
}

static int option_axis(struct evdev *evdev, const char *name, const char *value, struct fc_reason *reason)
{
    struct code code;
    int32_t numbers[6] = {0};

    if (code_read_of(EV_ABS, name, &code, reason) < 0)
        return -EINVAL;
    if (option_numbers(value, numbers, 6) < 3)
        return fc_refuse(reason, "expected numbers: value, minimum, maximum, and then fuzz, flat and "
                                 "resolution, which may be left out");
    if (numbers[1] >= numbers[2])
        return fc_refuse(reason, "the minimum %d is not below the maximum %d", numbers[1], numbers[2]);
    evdev->axes[code.code] = (struct evdev_axis){
        .is_set = true,
        .value = numbers[0],
        .min = numbers[1],
        .max = numbers[2],
        .fuzz = numbers[3],
        .flat = numbers[4],
        .resolution = numbers[5],
    };
    return 0;
}

static int option_relaxis(struct evdev *evdev, const char *name, const char *value, struct fc_reason *reason)
{
    struct value_frame *frame;
    struct code code;
    int32_t numbers[2] = {0};

    if (code_read_of(EV_REL, name, &code, reason) < 0)
        return -EINVAL;
    if (option_numbers(value, numbers, 2) < 1 || numbers[0] == 0 || numbers[0] == INT32_MIN)
        return fc_refuse(reason, "expected the maximum, which is not 0 and is negative if the axis is "
                                 "inverted, and perhaps where it begins");
    frame = &evdev->frames[code.code];
    frame->is_inverted = numbers[0] < 0;
    frame->max = abs(numbers[0]);
    if (numbers[1] < 0 || numbers[1] > frame->max)
        return fc_refuse(reason, "it begins at %d, which is not between 0 and %d", numbers[1], frame->max);
    frame->position = numbers[1];
    return 0;
}

int evdev_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                    struct fc_reason *reason)
{
    struct evdev *evdev = self;

    (void)scope;
    if (strcmp(option, "detect") == 0)
        return fc_option_switch(&evdev->detects, option, value, reason);
    if (strcmp(option, "device") == 0)
        return option_device(evdev, value, reason);
    if (strcmp(option, "input") == 0)
        return option_name(&evdev->input, value, reason);
    if (strcmp(option, "exclusive") == 0)
        return fc_option_switch(&evdev->is_exclusive, option, value, reason);
    if (strcmp(option, "output") == 0)
        return option_name(&evdev->output, value, reason);
    if (strcmp(option, "id") == 0)
        return option_id(evdev, value, reason);
    if (strncmp(option, "axis.", 5) == 0)
        return option_axis(evdev, option + 5, value, reason);
    return option_relaxis(evdev, option + strlen("relaxis."), value, reason);
}

int evdev_configured(void *self, struct fc_reason *reason)
{
    const struct evdev *evdev = self;

    if (evdev->device && evdev->input)
        return fc_refuse(reason, "device and input name one device each, and only one can be read");
    if (!evdev_reads(evdev) && !evdev->output)
        return fc_doubt(reason, "it reads no device and makes none: the options device, input and output are "
                                "missing");
    if (evdev->is_exclusive && !evdev_reads(evdev))
        return fc_doubt(reason, "exclusive is for a device that is read (device, input)");
    return 0;
}

/* A device that comes back is another file, so the folder is needed. */
static void evdev_needs(const void *self, struct fc_needs *needs)
{
    const struct evdev *evdev = self;

    fc_need_group(needs, EVDEV_GROUP);
    if (evdev->input || (evdev->device && strncmp(evdev->device, EVDEV_FOLDER "/", 11) == 0))
        fc_need_device(needs, EVDEV_FOLDER);
    else if (evdev->device)
        fc_need_device(needs, evdev->device);
    if (evdev->output)
        fc_need_device(needs, EVDEV_UINPUT);
}

const struct fc_driver evdev_driver = {.name = "evdev", .needs = evdev_needs};
