/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input devices of Linux, and the main header of this folder: an instance reads one of them, or makes one of
 * its own by uinput, or both. Its channels are keys and axes.
 *
 * options.c, channel.c and code.c are pure: what the options say, and which channels there are. They run in
 * the broker, too. The other files run in drivers: driver.c has the slots, input.c reads a device, find.c
 * finds it, output.c makes one, device.c tells how both are, and value.c turns positions into values and
 * back.
 */
#ifndef BROKER_DRIVERS_EVDEV_EVDEV_H
#define BROKER_DRIVERS_EVDEV_EVDEV_H

#include <linux/input-event-codes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/drivers/evdev/code.h"
#include "broker/drivers/evdev/value.h"
#include "firecurtain/backend.h"

#define EVDEV_FOLDER   "/dev/input"
#define EVDEV_UINPUT   "/dev/uinput"
#define EVDEV_GROUP    "input"
#define EVDEV_MAX_NAME 80 /* with its NUL: UINPUT_MAX_NAME_SIZE */

/* The channel that says whether the devices of the instance are there. */
#define EVDEV_ALIVE "alive"

/* An absolute axis of the device that the instance makes. */
struct evdev_axis {
    bool is_set;
    int32_t value, min, max, fuzz, flat, resolution;
};

struct evdev_channel {
    struct code code;
    unsigned directions; /* enum fc_direction */
    bool is_alive;       /* it is the channel EVDEV_ALIVE, and has no code */

    /* in a driver */
    double value; /* that was read last; NAN: none was */
    double set;   /* that it was last set to */
    bool is_set;
    bool is_down; /* as the device that the instance makes was told */
};

struct evdev_input;
struct evdev_output;

struct evdev {
    struct fc_instance *instance;
    char *device; /* the path of the device that is read; NULL: by name */
    char *input;  /* what its name begins with; NULL: by path, or no device is read */
    char *output; /* the name of the device that is made; NULL: none */
    bool is_exclusive;
    bool detects;   /* what comes in is logged */
    uint16_t id[4]; /* bus, vendor, product and version of the output; 0: libevdev's choice */
    struct evdev_axis axes[ABS_CNT];
    struct value_frame frames[REL_CNT]; /* `position` is where they begin */
    struct evdev_channel *channels;     /* by id */
    size_t n_channels;

    /* in a driver that was started; else NULL */
    struct evdev_input *in;
    struct evdev_output *out;
    bool is_read; /* the device is there that is read, */
    bool is_made; /* and the one that is made */
    int alive;    /* as it was said; -1: it was not */
};

static inline bool evdev_reads(const struct evdev *evdev)
{
    return evdev->device || evdev->input;
}

/* The slots about the configuration, which are the same in the broker and in a driver. */
extern const struct fc_option evdev_options[];
extern const struct fc_driver evdev_driver;
void *evdev_new(struct fc_instance *instance, const char *directory);
void evdev_free(void *self);
int evdev_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                    struct fc_reason *reason);
int evdev_configured(void *self, struct fc_reason *reason);
int evdev_canonical(void *self, const char *name, char *canonical, size_t bytes, struct fc_reason *reason);
int evdev_channel(void *self, uint32_t id, const char *name, unsigned directions, struct fc_reason *reason);

#define EVDEV_CONFIGURATION                                                                                  \
    .name = "evdev", .driver = &evdev_driver, .options = evdev_options, .instance_new = evdev_new,           \
    .configure = evdev_configure, .configured = evdev_configured, .canonical = evdev_canonical

#endif
