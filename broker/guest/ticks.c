/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers of a worker's intervals. */
#include "broker/guest/ticks.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/base/loop.h"
#include "firecurtain/time.h"

/* A worker that claims that its call was longer ago is not believed. */
#define TICKS_MAX_AGE_NS (10 * FC_NS_PER_S)

/* In one of the set's heaps, as `timer`: waiting until it has to be told, due, or told and not called. */
struct tick {
    struct timer timer;
    struct timer_heap *heap;
    uint32_t id;
    uint64_t place_ns; /* the point of the grid that it waits for, is due for or was told for */
    uint64_t period_ns;
};

struct tick_set {
    struct loop *loop;
    void (*changed)(void *userdata);
    void *userdata;
    struct tick **list; /* sorted by id; TICKS_MAX at most */
    size_t n;
    struct timer_heap waiting; /* by the time to tell it */
    struct timer_heap due;     /* by its place; no timer runs for what the worker has still to be told */
    struct timer_heap told;    /* by its place */
    struct timer timer;        /* at the first time in `waiting` */
    size_t n_told;             /* under way, including those that were cancelled meanwhile */
    size_t n_gone;             /* cancelled while they were under way */
    uint64_t gone_ns;          /* when the worker finds the last of these gone */
    unsigned n_takes;          /* calls of tick_set_take() since none was under way */
};

static void tick_set_fire(void *userdata);

int tick_set_new(struct tick_set **setp, struct loop *loop, void (*changed)(void *userdata), void *userdata)
{
    struct tick_set *set = calloc(1, sizeof(*set));

    if (!set)
        return -ENOMEM;
    set->loop = loop;
    set->changed = changed;
    set->userdata = userdata;
    set->timer = (struct timer){.fn = tick_set_fire, .what = "intervals", .userdata = set};
    *setp = set;
    return 0;
}

/* Never fails: tick_set_change() has made room in each heap for every tick. */
static void tick_move(struct tick *tick, struct timer_heap *heap, uint64_t time_ns)
{
    int r;

    if (tick->heap)
        timer_heap_cancel(tick->heap, &tick->timer);
    tick->heap = heap;
    r = timer_heap_set(heap, &tick->timer, time_ns);
    assert(r == 0);
    (void)r;
}

/* Has the timer fire for the first tick that waits, or not at all. */
static void tick_set_arm(struct tick_set *set)
{
    uint64_t next_ns = timer_heap_next(&set->waiting);

    if (next_ns == TIMER_NEVER)
        loop_cancel_timer(set->loop, &set->timer);
    else if (!set->timer.position || set->timer.deadline_ns != next_ns)
        loop_set_timer(set->loop, &set->timer, next_ns);
}

static void tick_wait(struct tick_set *set, struct tick *tick)
{
    uint64_t lead_ns = tick->period_ns / 2 < TICKS_LEAD_NS ? tick->period_ns / 2 : TICKS_LEAD_NS;

    tick_move(tick, &set->waiting, tick->place_ns - lead_ns);
    tick_set_arm(set);
}

static void tick_remove(struct tick_set *set, size_t index)
{
    struct tick *tick = set->list[index];

    memmove(set->list + index, set->list + index + 1, (--set->n - index) * sizeof(*set->list));
    if (tick->heap == &set->told) {
        set->n_gone++;
        set->gone_ns = tick->place_ns > set->gone_ns ? tick->place_ns : set->gone_ns;
    }
    timer_heap_cancel(tick->heap, &tick->timer);
    tick_set_arm(set);
    free(tick);
}

struct tick_set *tick_set_free(struct tick_set *set)
{
    if (!set)
        return NULL;
    while (set->n)
        tick_remove(set, set->n - 1);
    timer_heap_deinit(&set->waiting);
    timer_heap_deinit(&set->due);
    timer_heap_deinit(&set->told);
    free(set->list);
    free(set);
    return NULL;
}

static void tick_set_fire(void *userdata)
{
    struct tick_set *set = userdata;
    uint64_t now_ns = fc_now_ns();
    struct timer *timer;

    while ((timer = timer_heap_pop(&set->waiting, now_ns))) {
        struct tick *tick = timer->userdata;

        tick_move(tick, &set->due, tick->place_ns);
    }
    tick_set_arm(set);
    set->changed(set->userdata);
}

/* Returns the index of the tick, or of the first one with a larger id. */
static size_t tick_place(const struct tick_set *set, uint32_t id)
{
    size_t from = 0, to = set->n;

    while (from < to) {
        size_t middle = (from + to) / 2;

        if (set->list[middle]->id < id)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool tick_is_at(const struct tick_set *set, size_t index, uint32_t id)
{
    return index < set->n && set->list[index]->id == id;
}

static int tick_set_reserve(struct tick_set *set)
{
    struct tick **list = grow_by_one(set->list, set->n, sizeof(struct tick *));
    int r = -ENOMEM;

    if (!list)
        return r;
    set->list = list;
    r = timer_heap_reserve(&set->waiting, set->n + 1);
    if (r == 0)
        r = timer_heap_reserve(&set->due, set->n + 1);
    if (r == 0)
        r = timer_heap_reserve(&set->told, set->n + 1);
    return r;
}

static int tick_add(struct tick_set *set, size_t index, uint32_t id, uint64_t from_ns, uint64_t period_ns)
{
    struct tick *tick;
    int r = tick_set_reserve(set);

    if (r < 0)
        return r;
    tick = calloc(1, sizeof(*tick));
    if (!tick)
        return -ENOMEM;
    memmove(set->list + index + 1, set->list + index, (set->n++ - index) * sizeof(*set->list));
    set->list[index] = tick;
    tick->id = id;
    tick->period_ns = period_ns;
    tick->timer.userdata = tick;
    /* the first tick is one period after the call, and not lost if that has passed */
    tick->place_ns = from_ns + period_ns;
    tick_wait(set, tick);
    return 0;
}

int tick_set_change(struct tick_set *set, const struct message_interval *change, uint64_t now_ns)
{
    size_t index = tick_place(set, change->id);
    uint64_t from_ns = change->from_ns;

    if (change->period_ms == 0) {
        if (tick_is_at(set, index, change->id))
            tick_remove(set, index);
        return 0;
    }
    if (change->period_ms > TICKS_MAX_PERIOD_MS)
        return -EINVAL;
    if (tick_is_at(set, index, change->id))
        return -EEXIST;
    if (set->n == TICKS_MAX)
        return -ENOSPC;
    if (from_ns > now_ns || now_ns - from_ns > TICKS_MAX_AGE_NS)
        from_ns = now_ns;
    return tick_add(set, index, change->id, from_ns, change->period_ms * FC_NS_PER_MS);
}

size_t tick_set_take(struct tick_set *set, uint32_t ids[TICKS_MAX], uint64_t due_ns[TICKS_MAX])
{
    struct timer *timer;
    size_t n = 0;

    if (set->n_takes == TICKS_MAX_TOLD)
        return 0;
    while ((timer = timer_heap_pop(&set->due, UINT64_MAX))) {
        struct tick *tick = timer->userdata;

        tick_move(tick, &set->told, tick->place_ns);
        due_ns[n] = tick->place_ns;
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

/* Waits for the first point of the grid after the call. If that has passed, it is due, for all that have. */
static void tick_go_on(struct tick_set *set, struct tick *tick, uint64_t called_ns, uint64_t now_ns)
{
    tick->place_ns += tick->period_ns;
    if (tick->place_ns <= called_ns)
        tick->place_ns += ((called_ns - tick->place_ns) / tick->period_ns + 1) * tick->period_ns;
    if (tick->place_ns > now_ns) {
        tick_wait(set, tick);
        return;
    }
    tick_move(tick, &set->due, tick->place_ns);
    if (set->due.n == 1)
        set->changed(set->userdata);
}

int tick_set_called(struct tick_set *set, uint32_t id, uint64_t called_ns)
{
    uint64_t now_ns = fc_now_ns();
    size_t index = tick_place(set, id);
    bool is_there = tick_is_at(set, index, id);

    if (is_there && set->list[index]->heap == &set->told)
        tick_go_on(set, set->list[index], called_ns < now_ns ? called_ns : now_ns, now_ns);
    else if (!is_there && set->n_gone)
        set->n_gone--;
    else
        return -EINVAL;
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
    return timer_heap_next(&set->told) <= now_ns || (set->n_gone && set->gone_ns <= now_ns);
}
