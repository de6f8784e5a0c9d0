/* SPDX-License-Identifier: BSD-2-Clause */
/* The backend at work. In drivers. */
#include "broker/host/device.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "broker/base/restart.h"
#include "broker/host/private.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define DEVICE_FIRST_RETRY_NS FC_NS_PER_S
#define DEVICE_LAST_RETRY_NS  (30 * FC_NS_PER_S)
#define DEVICE_LOOK_NS        (FC_NS_PER_S / 4)

static void device_again(void *userdata)
{
    struct fc_instance *instance = userdata;

    if (!instance->lacks_paths) {
        device_start(instance);
        return;
    }
    instance->ends = instance->is_replaced = true;
    loop_stop(instance->loop);
}

void device_renew(struct fc_instance *instance)
{
    instance->lacks_paths = true;
    instance->retry.fn = device_again;
    instance->retry.userdata = instance;
    loop_set_timer(instance->loop, &instance->retry, fc_now_ns() + DEVICE_FIRST_RETRY_NS);
}

/* Says why the start failed: in full the first time, and not at all as long as the reason stays the same. */
static void device_failed(struct fc_instance *instance, int r)
{
    const char *why = instance->because.text[0] ? instance->because.text : strerror(-r);

    instance->backend->stop(instance->self);
    instance->retry_ns = restart_next_ns(instance->retry_ns, DEVICE_FIRST_RETRY_NS, DEVICE_LAST_RETRY_NS);
    if (strcmp(why, instance->why.text) != 0)
        fc_log(FC_LOG_ERROR, NULL, "cannot start: %s; trying again until it can", why);
    snprintf(instance->why.text, sizeof(instance->why.text), "%s", why);
    device_up(instance, false);
    instance->retry.fn = device_again;
    instance->retry.userdata = instance;
    loop_set_timer(instance->loop, &instance->retry, fc_now_ns() + instance->retry_ns);
}

/* Sets what was set before there was a device, or before this process. */
static void device_restore(struct fc_instance *instance)
{
    bool any = false;

    for (uint32_t id = 0; id < instance->n_channels; id++) {
        const struct host_channel *channel = &instance->channels[id];

        if (!(channel->directions & FC_TARGET) || isnan(channel->value))
            continue;
        any = true;
        if (instance->backend->set_many)
            instance->backend->set_many(instance->self, &id, &channel->value, 1);
        else
            instance->backend->set(instance->self, id, channel->value);
    }
    if (any && instance->backend->flush)
        instance->backend->flush(instance->self);
}

void device_start(struct fc_instance *instance)
{
    int r;

    instance->because.text[0] = '\0';
    r = instance->backend->start(instance->self);
    if (r < 0) {
        device_failed(instance, r);
        return;
    }
    instance->is_started = true;
    instance->why.text[0] = '\0';
    instance->retry_ns = 0;
    if (r == 0)
        device_up(instance, true);
    device_restore(instance);
}

void device_stop(struct fc_instance *instance)
{
    loop_cancel_timer(instance->loop, &instance->retry);
    loop_cancel_timer(instance->loop, &instance->look);
    if (instance->self)
        instance->backend->stop(instance->self);
    instance->is_started = false;
}

void device_set(struct fc_instance *instance, const uint32_t *channels, const double *values, size_t n)
{
    const struct fc_backend *backend = instance->backend;

    for (size_t i = 0; i < n; i++)
        instance->channels[channels[i]].value = values[i];
    if (!n || !instance->is_started)
        return;
    if (backend->set_many)
        backend->set_many(instance->self, channels, values, n);
    for (size_t i = 0; !backend->set_many && i < n; i++)
        backend->set(instance->self, channels[i], values[i]);
    if (backend->flush)
        backend->flush(instance->self);
}

void device_up(struct fc_instance *instance, bool is_up)
{
    if (instance->is_up == is_up && instance->told_ns)
        return;
    instance->is_up = is_up;
    instance->has_news = true;
    instance->told_ns = 0; /* its words are news, too */
}

static void device_look_again(void *userdata)
{
    struct fc_instance *instance = userdata;

    instance->told_ns = 0;
    instance->is_second_look = true;
}

/* Asks for its words. Returns whether they have changed. */
static bool device_describe(struct fc_instance *instance)
{
    char text[sizeof(instance->status)] = "";

    if (!instance->is_started)
        snprintf(text, sizeof(text), "%.*s", (int)sizeof(text) - 1, instance->why.text);
    else if (instance->backend->describe)
        instance->backend->describe(instance->self, text, sizeof(text));
    if (strcmp(text, instance->status) == 0)
        return false;
    memcpy(instance->status, text, sizeof(text));
    instance->has_news = true;
    return true;
}

/* A quiet device is not looked at: after a look that found nothing new, the timer stops until the next turn.
 */
void device_look(struct fc_instance *instance)
{
    bool goes_on;

    if (instance->told_ns) { /* the timer runs */
        instance->is_stale = true;
        return;
    }
    goes_on = device_describe(instance) || instance->is_stale || !instance->is_second_look;
    instance->is_stale = instance->is_second_look = false;
    if (!goes_on)
        return;
    instance->told_ns = fc_now_ns();
    instance->look.fn = device_look_again;
    instance->look.userdata = instance;
    if (instance->backend->describe)
        loop_set_timer(instance->loop, &instance->look, instance->told_ns + DEVICE_LOOK_NS);
}
