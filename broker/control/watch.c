/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends values of channels as they change (the verb watch). An event marks its channel, once, with the newest
 * value; a timer sends what is marked to the followers that want it. A channel has a bit for each of them,
 * and learns it with its first event after the followers have changed, so an event costs the same however
 * many patterns there are.
 */
#include "broker/control/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/base/runtime.h"
#include "broker/control/follow.h"
#include "broker/control/private.h"
#include "broker/control/reply.h"
#include "broker/control/scope.h"
#include "broker/show/show.h"
#include "firecurtain/time.h"

#define WATCH_FLUSH_NS (20 * FC_NS_PER_MS)
#define WATCH_ITEMS    256  /* values in one reply */
#define WATCH_BUDGET   1024 /* channels in one flush */
#define WATCH_FIRST    256
#define WATCH_MAX      (1u << 20) /* marked channels; changes of others are not sent */

bool control_matches(const char *pattern, const char *text)
{
    const char *star = NULL, *again = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            again = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++again;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

/* Writes INSTANCE.CHANNEL; truncated if it is longer than any name in a request. */
static void watch_name(const struct fc_instance *instance, uint32_t channel, char *name, size_t bytes)
{
    snprintf(name, bytes, "%s.%s", instance->name, instance_channel_name(instance, channel));
}

static uint32_t watch_judge(const struct watch *watch, const struct fc_instance *instance, uint32_t channel)
{
    char name[2 * CONTROL_MAX_NAME];
    uint32_t wanted = 0;

    watch_name(instance, channel, name, sizeof(name));
    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++) {
        const struct control_follower *follower = &watch->followers[i];

        if (!follower->is_used || !control_may_see_channel(&follower->call, instance, channel))
            continue;
        for (size_t n = 0; n < follower->n_patterns; n++) {
            if (control_matches(follower->patterns[n], name))
                wanted |= UINT32_C(1) << i;
        }
    }
    return wanted;
}

static int watch_grow(struct watch *watch)
{
    size_t capacity = grow_capacity(watch->capacity, watch->capacity + 1, WATCH_FIRST);
    struct route_target *changed;

    if (capacity > WATCH_MAX)
        return -ENOSPC;
    changed = malloc(capacity * sizeof(*changed));
    if (!changed)
        return -ENOMEM;
    for (size_t i = 0; i < watch->n_changed; i++)
        changed[i] = watch->changed[(watch->head + i) & (watch->capacity - 1)];
    free(watch->changed);
    watch->changed = changed;
    watch->capacity = capacity;
    watch->head = 0;
    return 0;
}

/* Marks the channel of an event. */
static void watch_event(void *userdata, struct fc_instance *instance, uint32_t id, double value)
{
    struct control *control = userdata;
    struct watch *watch = &control->watch;
    struct channel_watch *seen = &instance->channels[id].watch;

    if (seen->generation != watch->generation)
        *seen = (struct channel_watch){.generation = watch->generation,
                                       .wanted = watch_judge(watch, instance, id)};
    if (!seen->wanted)
        return;
    seen->value = value;
    if (seen->is_marked || (watch->n_changed == watch->capacity && watch_grow(watch) < 0))
        return;
    seen->is_marked = true;
    watch->changed[(watch->head + watch->n_changed++) & (watch->capacity - 1)] =
        (struct route_target){.instance = instance, .channel = id};
}

/* Sends one follower the values it wants of the first `n` marked channels. */
static void watch_tell(struct control *control, size_t index, size_t n)
{
    struct watch *watch = &control->watch;
    struct control_value *items;

    for (size_t at = 0; at < n && watch->followers[index].is_used;) {
        struct control_reply reply = {.outcome = CONTROL_DONE};

        arena_reset(&control->texts);
        items = arena_alloc(&control->texts, WATCH_ITEMS * sizeof(*items));
        for (size_t n_bytes = 0;
             items && at < n && reply.n_values < WATCH_ITEMS && n_bytes < CONTROL_MAX_PAGE; at++) {
            const struct route_target *target = &watch->changed[(watch->head + at) & (watch->capacity - 1)];
            const struct channel *channel = &target->instance->channels[target->channel];

            if (!(channel->watch.wanted & UINT32_C(1) << index))
                continue;
            items[reply.n_values] =
                (struct control_value){.channel = control_format(control, "%s.%s", target->instance->name,
                                                                 channel->name->text),
                                       .value = channel->watch.value};
            n_bytes += strlen(items[reply.n_values++].channel) + 16;
        }
        reply.values = items;
        if (reply.n_values)
            control_tell(control, &watch->followers[index], &reply, reply.n_values);
    }
}

/* Listens to events only while there are followers, so that they cost nothing otherwise. */
static void watch_tap(struct control *control)
{
    struct watch *watch = &control->watch;

    watch->n_followers = 0;
    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++)
        watch->n_followers += watch->followers[i].is_used;
    if (control->show) {
        control->show->router.tap = watch->n_followers ? watch_event : NULL;
        control->show->router.tap_userdata = control;
    }
}

static void watch_flush(void *userdata)
{
    struct control *control = userdata;
    struct watch *watch = &control->watch;
    size_t n = watch->n_changed < WATCH_BUDGET ? watch->n_changed : WATCH_BUDGET;
    uint64_t now_ns = fc_now_ns();

    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++) {
        struct control_reply reply = {.outcome = CONTROL_DONE};

        watch_tell(control, i, n);
        if (watch->followers[i].is_used && control_is_quiet(&watch->followers[i], now_ns))
            control_tell(control, &watch->followers[i], &reply, 0);
    }
    for (size_t i = 0; i < n; i++) {
        const struct route_target *target = &watch->changed[(watch->head + i) & (watch->capacity - 1)];

        target->instance->channels[target->channel].watch.is_marked = false;
    }
    watch->head = watch->capacity ? (watch->head + n) & (watch->capacity - 1) : 0;
    watch->n_changed -= n;
    watch_tap(control);
    if (watch->n_followers)
        loop_set_timer(control->spec.runtime->loop, &watch->flush, now_ns + WATCH_FLUSH_NS);
}

/* Forgets what channels know, which is outdated, and what is marked, which may be gone. */
static void watch_forget(struct watch *watch)
{
    watch->generation++;
    watch->head = watch->n_changed = 0;
}

void control_watch_start(struct control *control)
{
    control->watch.flush =
        (struct timer){.fn = watch_flush, .what = "the control socket", .userdata = control};
}

void control_watch_stop(struct control *control)
{
    loop_cancel_timer(control->spec.runtime->loop, &control->watch.flush);
    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++)
        control_unfollow(&control->watch.followers[i]);
    watch_tap(control);
    free(control->watch.changed);
}

void control_watch_change_show(struct control *control)
{
    watch_forget(&control->watch);
    watch_tap(control);
}

bool control_watch(struct control *control, const struct control_call *call,
                   const struct control_request *request, struct control_reply *reply)
{
    watch_flush(control); /* what is marked is for the other followers */
    if (!control_follow(control, control->watch.followers, call, request, reply))
        return true;
    watch_forget(&control->watch);
    watch_tap(control);
    loop_set_timer(control->spec.runtime->loop, &control->watch.flush, fc_now_ns() + WATCH_FLUSH_NS);
    return true; /* an answer without values says that it has begun */
}
