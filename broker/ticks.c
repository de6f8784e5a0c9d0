/* See ticks.h. */
#include "broker/ticks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "broker/grow.h"
#include "broker/loop.h"
#include "firecurtain/time.h"

/* A worker that says its call was longer ago than this is not believed. */
#define TICKS_MAX_AGE_NS (10 * FC_NS_PER_S)

struct tick {
    struct tick_set *set;
    uint32_t id;
    bool due;
    uint64_t period_ns;
    struct timer timer;
};

struct tick_set {
    struct loop *loop;
    void (*changed)(void *userdata);
    void *userdata;
    struct tick **list; /* TICKS_MAX at most */
    size_t n;
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

/* The next deadline after `now_ns` on the grid that began with the interval. */
static uint64_t tick_next(const struct tick *tick, uint64_t now_ns)
{
    uint64_t next_ns = tick->timer.deadline_ns + tick->period_ns;

    if (next_ns <= now_ns)
        next_ns += (now_ns - next_ns) / tick->period_ns * tick->period_ns + tick->period_ns;
    return next_ns;
}

static void tick_fire(void *userdata)
{
    struct tick *tick = userdata;
    struct tick_set *set = tick->set;

    loop_set_timer(set->loop, &tick->timer, tick_next(tick, fc_now_ns()));
    if (tick->due)
        return;
    tick->due = true;
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
    tick->timer = (struct timer){.deadline_ns = from_ns, .fn = tick_fire, .userdata = tick};
    set->list[set->n++] = tick;
    /* the first tick is one period after the call, and not lost if that has passed */
    loop_set_timer(set->loop, &tick->timer, from_ns + tick->period_ns);
    return 0;
}

size_t tick_set_take(struct tick_set *set, uint32_t ids[TICKS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < set->n; i++) {
        if (!set->list[i]->due)
            continue;
        set->list[i]->due = false;
        ids[n++] = set->list[i]->id;
    }
    return n;
}
