/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker's only loop: descriptors (epoll), timers (one timerfd), and tasks that are put off to the next
 * turn, so that nothing takes more than its share of this one. Timers and tasks for which a turn has no time
 * left are the first ones of the next turn. It must not know what it serves.
 */
#ifndef BROKER_BASE_LOOP_H
#define BROKER_BASE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/timer.h"
#include "firecurtain/time.h"

struct loop;
struct loop_source;

/* Turns that take longer are counted: everything else waits meanwhile. */
#define LOOP_SLOW_NS    (2 * FC_NS_PER_MS)
#define LOOP_SLOW_KINDS 16

/* Slow turns, by what took the largest part of them. */
struct loop_slow {
    const char *what;
    uint64_t n;
    uint64_t longest_ns; /* the whole turn */
};

/* `events` are EPOLLIN, EPOLLHUP… */
typedef void (*loop_fn)(void *userdata, uint32_t events);

/* Lives inside what it belongs to. Zeroed except for fn and userdata, it is not queued. */
struct loop_task {
    void (*fn)(void *userdata);
    void *userdata;
    const char *what; /* for slow turns; NULL: "a task" */
    struct loop_task *next;
    struct loop_task *previous;
    bool queued;
};

/* Makes a loop. 0 or -errno. */
int loop_new(struct loop **loop);

/* Frees a loop, whose sources must all have been removed. Takes NULL; returns NULL. */
struct loop *loop_free(struct loop *loop);

/* Watches a descriptor, which stays the caller's. `what` names it for slow turns, and is a literal. 0 or
 * -errno. */
int loop_add(struct loop *loop, struct loop_source **source, int fd, uint32_t events, const char *what,
             loop_fn fn, void *userdata);

/* Changes the events of a source, and arms it again if it has EPOLLONESHOT. */
int loop_modify(struct loop_source *source, uint32_t events);

/*
 * Removes a source, whose callback does not run any more, even if it was found ready. To be called before the
 * descriptor is closed. Takes NULL; returns NULL.
 */
struct loop_source *loop_remove(struct loop_source *source);

/*
 * Sets a timer to a time of CLOCK_MONOTONIC. If there is no memory for it, it fires at once instead, so that
 * nothing waits for ever.
 */
void loop_set_timer(struct loop *loop, struct timer *timer, uint64_t deadline_ns);
void loop_cancel_timer(struct loop *loop, struct timer *timer);

/* Runs a task once, in the next turn if that has time for it. The loop does not sleep before. A task that is
 * queued already stays so. */
void loop_defer(struct loop *loop, struct loop_task *task);

/* Takes a task out of the queue, of whichever loop, if it is in one. */
void loop_cancel_task(struct loop_task *task);

/* Has `fn` called at the end of each turn, after its events, timers and tasks. */
void loop_set_after(struct loop *loop, void (*fn)(void *userdata), void *userdata);

/* Returns the slow turns so far, `*n` of LOOP_SLOW_KINDS kinds at most; the last one stands for all others.
 */
const struct loop_slow *loop_slow_turns(const struct loop *loop, size_t *n);

/* Runs turns until loop_stop(). 0 or -errno. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
