/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers of a worker's intervals. */
#include "broker/guest/ticks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "broker/base/grow.h"
#include "broker/base/loop.h"
#include "firecurtain/time.h"

/* A worker that claims that its call was longer ago is not believed. */
#define TICKS_MAX_AGE_NS (10 * FC_NS_PER_S)

struct tick {
    struct tick_set *set;
    uint32_t id;
    bool is_due; /* to be told, for `due_ns` */
    bool is_told;
    uint64_t due_ns;
    uint64_t told_ns;  /* the time of the tick that is under way */
    uint64_t place_ns; /* the next point of the grid */
    uint64_t period_ns;
    struct timer timer;
};

struct tick_set {
    struct loop *loop;
    void (*changed)(void *userdata);
    void *userdata;
    struct tick **list; /* TICKS_MAX at most */
    size_t n;
    size_t n_told;    /* under way, including those that were cancelled meanwhile */
    size_t n_gone;    /* cancelled while they were under way */
    uint64_t gone_ns; /* when the worker finds the last of these gone */
    unsigned n_takes; /* calls of tick_set_take() since none was under way */
};

int tick_set_new(struct tick_set **setp, struct loop *loop, void (*changed)(void *userdata), void *userdata)
{
    struct tick_set *set = calloc(1, sizeof(*set));

    if (!set)
        return -ENOMEM;
    set->loop = loop;
    set->changed = changed;
    set->userdata = userdata;
    *setp = set;
    return 0;
}

static void tick_remove(struct tick_set *set, size_t index)
{
    struct tick *tick = set->list[index];

    set->list[index] = set->list[--set->n];
    if (tick->is_told) {
        set->n_gone++;
        set->gone_ns = tick->told_ns > set->gone_ns ? tick->told_ns : set->gone_ns;
    }
    loop_cancel_timer(set->loop, &tick->timer);
    free(tick);
}

struct tick_set *tick_set_free(struct tick_set *set)
{
    if (!set)
        return NULL;
    while (set->n)
        tick_remove(set, set->n - 1);
    free(set->list);
    free(set);
    return NULL;
}

static void tick_set_timer(struct tick *tick)
{
    uint64_t lead_ns = tick->period_ns / 2 < TICKS_LEAD_NS ? tick->period_ns / 2 : TICKS_LEAD_NS;

    loop_set_timer(tick->set->loop, &tick->timer, tick->place_ns - lead_ns);
}

/* Moves on to the next point of the grid that has not passed. */
static void tick_advance(struct tick *tick, uint64_t now_ns)
{
    tick->place_ns += tick->period_ns;
    if (tick->place_ns <= now_ns)
        tick->place_ns += ((now_ns - tick->place_ns) / tick->period_ns + 1) * tick->period_ns;
}

static void tick_fire(void *userdata)
{
    struct tick *tick = userdata;
    struct tick_set *set = tick->set;
    uint64_t place_ns = tick->place_ns;

    tick_advance(tick, fc_now_ns());
    tick_set_timer(tick);
    if (tick->is_due)
        return;
    tick->is_due = true;
    tick->due_ns = place_ns;
    set->changed(set->userdata);
}

static size_t tick_find(const struct tick_set *set, uint32_t id)
{
    size_t i = 0;

    while (i < set->n && set->list[i]->id != id)
        i++;
    return i;
}

int tick_set_change(struct tick_set *set, const struct message_interval *change, uint64_t now_ns)
{
    size_t index = tick_find(set, change->id);
    uint64_t from_ns = change->from_ns;
    struct tick *tick, **list;

    if (change->period_ms == 0) {
        if (index < set->n)
            tick_remove(set, index);
        return 0;
    }
    if (change->period_ms > TICKS_MAX_PERIOD_MS)
        return -EINVAL;
    if (index < set->n)
        return -EEXIST;
    if (set->n == TICKS_MAX)
        return -ENOSPC;
    list = grow_by_one(set->list, set->n, sizeof(struct tick *));
    if (!list)
        return -ENOMEM;
    set->list = list;
    tick = calloc(1, sizeof(*tick));
    if (!tick)
        return -ENOMEM;
    if (from_ns > now_ns || now_ns - from_ns > TICKS_MAX_AGE_NS)
        from_ns = now_ns;
    tick->set = set;
    tick->id = change->id;
    tick->period_ns = change->period_ms * FC_NS_PER_MS;
    tick->timer = (struct timer){.fn = tick_fire, .what = "an interval", .userdata = tick};
    set->list[set->n++] = tick;
    /* the first tick is one period after the call, and not lost if that has passed */
    tick->place_ns = from_ns + tick->period_ns;
    tick_set_timer(tick);
    return 0;
}

size_t tick_set_take(struct tick_set *set, uint32_t ids[TICKS_MAX], uint64_t due_ns[TICKS_MAX])
{
    size_t n = 0;

    if (set->n_takes == TICKS_MAX_TOLD)
        return 0;
    for (size_t i = 0; i < set->n; i++) {
        struct tick *tick = set->list[i];

        if (!tick->is_due || tick->is_told)
            continue;
        tick->is_due = false;
        tick->is_told = true;
        tick->told_ns = due_ns[n] = tick->due_ns;
        ids[n++] = tick->id;
    }
    set->n_told += n;
    set->n_takes += n > 0;
    return n;
}

void tick_set_expect(struct tick_set *set, size_t n)
{
    set->n_told += n;
    set->n_gone += n;
}

int tick_set_called(struct tick_set *set, uint32_t id, uint64_t called_ns)
{
    size_t index = tick_find(set, id);

    if (index < set->n && set->list[index]->is_told) {
        struct tick *tick = set->list[index];

        tick->is_told = false;
        if (tick->is_due && tick->due_ns <= called_ns)
            tick->is_due = false;
    } else if (index == set->n && set->n_gone) {
        set->n_gone--;
    } else {
        return -EINVAL;
    }
    if (!--set->n_told)
        set->n_takes = 0;
    return 0;
}

bool tick_set_is_under_way(const struct tick_set *set)
{
    return set && set->n_told;
}

bool tick_set_is_overdue(const struct tick_set *set)
{
    uint64_t now_ns;

    if (!tick_set_is_under_way(set))
        return false;
    now_ns = fc_now_ns();
    for (size_t i = 0; i < set->n; i++) {
        if (set->list[i]->is_told && set->list[i]->told_ns <= now_ns)
            return true;
    }
    return set->n_gone && set->gone_ns <= now_ns;
}
