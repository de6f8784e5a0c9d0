/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a device through libevdev, and waits for one that is missing: whenever something changes in
 * /dev/input, and every two seconds. What is said of it is said once. In drivers.
 */
#include "broker/drivers/evdev/input.h"

#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev.h>
#include <linux/input.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/drivers/evdev/device.h"
#include "broker/drivers/evdev/find.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/driver.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define INPUT_RETRY_NS  (2 * FC_NS_PER_S)
#define INPUT_SETTLE_NS (50 * FC_NS_PER_MS) /* for udev, which gives a new device its group */
#define INPUT_CHANGES   (IN_CREATE | IN_MOVED_TO | IN_ATTRIB)

struct evdev_input {
    struct evdev *evdev;
    int folder;  /* of devices; -1: the device is elsewhere */
    int inotify; /* for the folder; -1: there is none, and the timer has to do */
    struct fc_watch *changes;
    struct fc_timer *again;
    struct fc_timer *more; /* events are left in libevdev */

    int fd; /* -1: the device is not there */
    struct libevdev *device;
    struct fc_watch *watch;
    bool is_behind; /* events were lost, and libevdev tells what they led to */
    char name[EVDEV_MAX_NAME];
    char path[FIND_PATH_BYTES];

    int failed;            /* why it could not be opened the last time; 0: it could */
    int said;              /* the last reason that was said; 0: it is not missing */
    uint64_t *detected_ns; /* by type and code: when `detect` last told of it; or NULL */
};

static void input_close(struct evdev_input *input)
{
    input->watch = fc_watch_free(input->watch);
    fc_timer_set(input->more, FC_TIMER_NEVER);
    libevdev_free(fc_steal(input->device));
    fc_closep(&input->fd);
    input->fd = -1;
    input->is_behind = false;
    input->evdev->is_read = false;
}

static const char *input_wanted(const struct evdev *evdev)
{
    return evdev->input ? evdev->input : evdev->device;
}

/* Says why there is nothing to be read, and what to do. */
static void input_say(const struct evdev_input *input)
{
    const char *wanted = input_wanted(input->evdev);
    const char *path = input->path[0] ? input->path : EVDEV_FOLDER;

    if (input->failed == -ENOENT || input->failed == -ENODEV || input->failed == -ENXIO)
        fc_log(FC_LOG_WARNING, NULL, "the device \"%s\" is not there; waiting for it", wanted);
    else if (input->failed == -EACCES || input->failed == -EPERM)
        fc_log(FC_LOG_WARNING, NULL,
               "%s may not be opened: the account of the broker has to be in the group " EVDEV_GROUP
               "; trying again until it may",
               path);
    else if (input->failed == -EBUSY)
        fc_log(FC_LOG_WARNING, NULL, "another program has %s to itself; trying again until it can be had",
               path);
    else if (input->failed == -ENOTTY || input->failed == -EINVAL)
        fc_log(FC_LOG_WARNING, NULL, "%s is no input device; trying again until it is", path);
    else
        fc_log(FC_LOG_WARNING, NULL, "cannot open %s: %s; trying again until it can be opened", path,
               strerror(-input->failed));
}

/* A new device may be nobody's for a moment, so that is not said at once. */
static void input_missing(struct evdev_input *input, int r)
{
    bool is_news = r != input->said && (r != -EACCES || r == input->failed);

    input_close(input);
    input->failed = r;
    if (is_news) {
        input->said = r;
        input_say(input);
    }
    fc_timer_set(input->again, fc_now_ns() + INPUT_RETRY_NS);
    device_tell(input->evdev);
}

/* Lets go of keys that were down, which nobody else would. */
static void input_release(const struct evdev *evdev)
{
    for (uint32_t id = 0; id < evdev->n_channels; id++) {
        struct evdev_channel *channel = &evdev->channels[id];

        if (channel->is_alive || channel->code.type != EV_KEY || !(channel->value > 0))
            continue;
        channel->value = 0;
        if (channel->directions & FC_SOURCE)
            fc_emit(evdev->instance, id, 0);
    }
}

static void input_lost(struct evdev_input *input)
{
    fc_log(FC_LOG_WARNING, NULL, "the device \"%s\" is gone; waiting until it is back", input->name);
    input->said = -ENOENT;
    input_release(input->evdev);
    input_missing(input, -ENOENT);
}

static double input_value(struct evdev_input *input, const struct input_event *event)
{
    const struct input_absinfo *axis;

    switch (event->type) {
    case EV_REL:
        return value_of_relative(&input->evdev->frames[event->code], event->value);
    case EV_ABS:
        axis = libevdev_get_abs_info(input->device, event->code);
        return axis ? value_of_absolute(event->value, axis->minimum, axis->maximum) : 0;
    default:
        return value_of_switch(event->value);
    }
}

/* Tells of each key and axis once a second at most. */
static void input_detect(struct evdev_input *input, const struct input_event *event, double value)
{
    const struct code code = {.type = event->type, .code = event->code};
    char name[80];

    if (!input->detected_ns || event->type > EV_MAX || event->code > KEY_MAX ||
        !fc_once_a_second(&input->detected_ns[event->type * KEY_CNT + event->code]))
        return;
    code_write(&code, name, sizeof(name));
    fc_log(FC_LOG_INFO, NULL, "incoming: %s.%s = %.3f", fc_instance_name(input->evdev->instance), name,
           value);
}

static bool input_is_event(const struct input_event *event)
{
    bool is_repeated = event->type == EV_KEY && event->value == 2;

    return event->type != EV_SYN && !is_repeated && (event->type != EV_REL || event->code < REL_CNT);
}

static void input_take(struct evdev_input *input, const struct input_event *event)
{
    struct evdev *evdev = input->evdev;
    double value;

    if (!input_is_event(event))
        return;
    value = input_value(input, event);
    input_detect(input, event, value);
    for (uint32_t id = 0; id < evdev->n_channels; id++) {
        struct evdev_channel *channel = &evdev->channels[id];

        if (channel->is_alive || !code_is(&channel->code, event->type, event->code))
            continue;
        channel->value = value;
        if (channel->directions & FC_SOURCE)
            fc_emit(evdev->instance, id, value);
        return;
    }
}

/* Takes one event. Returns false if there is none left, or no device any more. */
static bool input_next(struct evdev_input *input)
{
    struct input_event event;
    int r =
        libevdev_next_event(input->device,
                            input->is_behind ? LIBEVDEV_READ_FLAG_SYNC : LIBEVDEV_READ_FLAG_NORMAL, &event);

    if (r == -EAGAIN && input->is_behind) {
        input->is_behind = false;
        return true;
    }
    if (r == -EAGAIN || r == -EINTR)
        return false;
    if (r < 0) {
        input_lost(input);
        return false;
    }
    input->is_behind = r == LIBEVDEV_READ_STATUS_SYNC;
    input_take(input, &event);
    return true;
}

static void input_ready(void *userdata)
{
    struct evdev_input *input = userdata;

    fc_heard(input->evdev->instance);
    for (int i = 0; i < FC_WATCH_BUDGET; i++) {
        if (!input_next(input))
            return;
    }
    fc_timer_set(input->more, fc_now_ns());
}

static int input_open(struct evdev_input *input)
{
    int r;

    input->path[0] = '\0';
    input->fd = find_open(input->evdev, input->path);
    if (input->fd < 0)
        return input->fd;
    r = libevdev_new_from_fd(input->fd, &input->device);
    if (r == 0 && input->evdev->is_exclusive)
        r = libevdev_grab(input->device, LIBEVDEV_GRAB);
    return r < 0 ? r : fc_watch_new(&input->watch, input->evdev->instance, input->fd, input_ready, input);
}

/* Returns whether the folder went with its last device. The next device is in another one of that name. */
static bool input_lacks_folder(const struct evdev_input *input)
{
    struct stat st;

    return input->folder >= 0 && fstat(input->folder, &st) == 0 && st.st_nlink == 0;
}

static void input_try(void *userdata)
{
    struct evdev_input *input = userdata;
    int r = input_open(input);

    if (r < 0) {
        input_missing(input, r);
        if (input_lacks_folder(input))
            fc_renew(input->evdev->instance);
        return;
    }
    device_name(input->name, sizeof(input->name), libevdev_get_name(input->device));
    fc_log(FC_LOG_INFO, NULL, "reads the device \"%s\" (%s)", input->name, input->path);
    input->failed = input->said = 0;
    input->evdev->is_read = true;
    fc_timer_set(input->again, FC_TIMER_NEVER);
    device_tell(input->evdev);
}

/* Something has changed among the devices: looks for it soon, when udev is done with it. */
static void input_changed(void *userdata)
{
    struct evdev_input *input = userdata;
    char bytes[4096];

    if (read(input->inotify, bytes, sizeof(bytes)) > 0 && !input->device)
        fc_timer_set(input->again, fc_now_ns() + INPUT_SETTLE_NS);
}

static bool input_is_in_folder(const struct evdev *evdev)
{
    return evdev->input || strncmp(evdev->device, EVDEV_FOLDER "/", strlen(EVDEV_FOLDER "/")) == 0;
}

static int input_refuse(struct fc_reason *reason, int r)
{
    if (r == -ENOENT)
        fc_refuse(reason, "there is no " EVDEV_FOLDER ": this machine has no input devices");
    else
        fc_refuse(reason,
                  EVDEV_FOLDER
                  " cannot be read: %s; the account of the broker has to be in the group " EVDEV_GROUP,
                  strerror(-r));
    return r;
}

/* Watches the folder of devices; a machine that has no watch left will do without. */
static int input_watch(struct evdev_input *input, struct fc_reason *reason)
{
    if (!input_is_in_folder(input->evdev))
        return 0;
    input->folder = open(EVDEV_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (input->folder < 0)
        return input_refuse(reason, -errno);
    input->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (input->inotify < 0 || inotify_add_watch(input->inotify, EVDEV_FOLDER, INPUT_CHANGES) < 0)
        return 0;
    return fc_watch_new(&input->changes, input->evdev->instance, input->inotify, input_changed, input);
}

static int input_make(struct evdev_input *input, struct fc_reason *reason)
{
    struct evdev *evdev = input->evdev;
    int r = fc_timer_new(&input->again, evdev->instance, input_try, input);

    if (r == 0)
        r = fc_timer_new(&input->more, evdev->instance, input_ready, input);
    if (r == 0 && evdev->detects) {
        input->detected_ns = calloc((size_t)EV_CNT * KEY_CNT, sizeof(*input->detected_ns));
        r = input->detected_ns ? 0 : -ENOMEM;
    }
    return r < 0 ? r : input_watch(input, reason);
}

int input_start(struct evdev *evdev, struct fc_reason *reason)
{
    struct evdev_input *input = calloc(1, sizeof(*input));
    int r;

    if (!input)
        return -ENOMEM;
    input->evdev = evdev;
    input->fd = input->folder = input->inotify = -1;
    evdev->in = input;
    r = input_make(input, reason);
    if (r < 0)
        return r; /* the core calls `stop` */
    input_try(input);
    return 0;
}

void input_stop(struct evdev *evdev)
{
    struct evdev_input *input = fc_steal(evdev->in);

    if (!input)
        return;
    if (input->more)
        input_close(input);
    fc_watch_free(input->changes);
    fc_closep(&input->folder);
    fc_closep(&input->inotify);
    fc_timer_free(input->again);
    fc_timer_free(input->more);
    free(input->detected_ns);
    free(input);
}

void input_describe(const struct evdev *evdev, char *text, size_t bytes)
{
    char wanted[EVDEV_MAX_NAME];

    device_name(wanted, sizeof(wanted), input_wanted(evdev));
    if (evdev->in && evdev->is_read)
        snprintf(text, bytes, "reads \"%s\"", evdev->in->name);
    else
        snprintf(text, bytes, "waiting for \"%s\"", wanted);
}
