/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tells the desk what changes while clients watch (the verb watch): the desk matches their patterns. An event
 * marks its channel, once, with the newest value; a timer sends what is marked, so many at a time, and what
 * channels are at present when a watch begins (present.c). The desk
 * knows channels by numbers, and learns the name of one, and which watches may see it, with the first value
 * after that has changed. So an event costs the same whatever clients ask for.
 */
#include "broker/control/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/base/runtime.h"
#include "broker/control/desk.h"
#include "broker/control/follow.h"
#include "broker/control/present.h"
#include "broker/control/private.h"
#include "broker/control/reply.h"
#include "broker/control/watch_values.h"
#include "broker/show/show.h"
#include "firecurtain/time.h"

#define WATCH_FLUSH_NS      (20 * FC_NS_PER_MS)
#define WATCH_BUDGET        1024  /* what one flush may cost */
#define WATCH_PRESENT_SHARE 256   /* of that, for what new watches are to be told */
#define WATCH_BYTES         98304 /* of the values in one flush */
#define WATCH_FIRST         256
#define WATCH_MAX           (1u << 20) /* marked channels; changes of others are not sent */

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
    const struct route_target target = {.instance = instance, .channel = id};
    struct channel_watch *seen = watch_values_of(watch, &target);

    seen->value = value;
    if (seen->is_marked || (watch->n_changed == watch->capacity && watch_grow(watch) < 0))
        return;
    seen->is_marked = true;
    watch->changed[(watch->head + watch->n_changed++) & (watch->capacity - 1)] = target;
}

/* Forgets the numbers, which is outdated or lost, and what is marked, which may be gone. */
static void watch_forget(struct watch *watch)
{
    watch->generation++;
    watch->n_numbers = 0;
    watch->values.n = watch->values.n_bytes = 0;
    watch->head = watch->n_changed = 0;
}

/* Adds the marked channels, up to a cost. False if the message is full. */
static bool watch_collect_changed(struct watch *watch, unsigned *cost, unsigned most)
{
    while (watch->n_changed && *cost < most) {
        const struct route_target *target = &watch->changed[watch->head];
        struct channel_watch *seen = &target->instance->channels[target->channel].watch;

        if (!watch_values_add(watch, target, &(struct desk_value){.value = seen->value}, cost))
            return false;
        seen->is_marked = false;
        watch->head = (watch->head + 1) & (watch->capacity - 1);
        watch->n_changed--;
    }
    return true;
}

/* Collects as much of what has changed, and of what new watches are to be told, as one flush may cost. */
static void watch_collect(struct control *control)
{
    unsigned share = control->present.n_wanted ? WATCH_PRESENT_SHARE : 0, cost = 0;

    if (watch_collect_changed(&control->watch, &cost, WATCH_BUDGET - share))
        control_present_collect(control, &cost, WATCH_BUDGET);
}

/* Sends the desk what was collected, now or earlier, as far as it reads. */
static void watch_send(struct control *control)
{
    struct watch *watch = &control->watch;
    int r;

    if (!watch->values.n)
        watch_collect(control);
    if (!watch->values.n) {
        control_present_finish(control);
        return;
    }
    r = control_desk_send(control->desk, &(struct desk_message){.type = DESK_VALUES,
                                                                .number = watch->generation,
                                                                .bytes = watch->values.bytes,
                                                                .n_bytes = watch->values.n_bytes});
    if (r != -EAGAIN)
        watch->values.n = watch->values.n_bytes = 0;
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

    watch_send(control);
    watch_tap(control);
    if (control->watch.n_followers)
        loop_set_timer(control->spec.runtime->loop, &control->watch.flush, fc_now_ns() + WATCH_FLUSH_NS);
}

int control_watch_start(struct control *control)
{
    struct watch *watch = &control->watch;

    watch->flush = (struct timer){.fn = watch_flush, .what = "watches", .userdata = control};
    watch->values = (struct desk_values){.bytes = malloc(WATCH_BYTES), .room = WATCH_BYTES};
    return watch->values.bytes ? 0 : -ENOMEM;
}

void control_watch_stop(struct control *control)
{
    loop_cancel_timer(control->spec.runtime->loop, &control->watch.flush);
    control_follow_gone(control->watch.followers, 0);
    watch_tap(control);
    free(control->watch.changed);
    free(control->watch.values.bytes);
}

void control_watch_change_show(struct control *control)
{
    control_present_change_show(control);
    watch_forget(&control->watch);
    watch_tap(control);
}

/* Tells the desk of a watch, whose patterns it matches. */
static int watch_begin(struct control *control, const struct control_follower *follower,
                       const struct control_request *request)
{
    struct desk_message message = {.type = DESK_WATCH,
                                   .number = (uint32_t)(follower - control->watch.followers),
                                   .client = follower->call.client,
                                   .id = follower->call.id,
                                   .peer = follower->call.peer};
    int r = codec_control_encode_request(control->replies, request, &message.bytes, &message.n_bytes);

    return r < 0 ? r : control_desk_send(control->desk, &message);
}

bool control_watch(struct control *control, const struct control_call *call,
                   const struct control_request *request, struct control_reply *reply)
{
    struct watch *watch = &control->watch;
    struct control_follower *follower;

    if (!control_present_check(control, call, request, reply))
        return true;
    watch_send(control); /* what was collected says who may see it, and places are given anew */
    follower = watch->values.n ? NULL : control_follow(control, watch->followers, call, reply);
    if (follower && watch_begin(control, follower, request) < 0) {
        control_unfollow(follower);
        follower = NULL;
        reply->outcome = CONTROL_BUSY;
    }
    if (watch->values.n)
        reply->outcome = CONTROL_BUSY;
    if (reply->outcome == CONTROL_BUSY)
        reply->text = "too much is being watched; try again later";
    if (!follower)
        return true;
    watch->epoch++;
    control_present_begin(control, request);
    watch_tap(control);
    loop_set_timer(control->spec.runtime->loop, &watch->flush, fc_now_ns() + WATCH_FLUSH_NS);
    return true; /* an answer without values says that it has begun */
}
