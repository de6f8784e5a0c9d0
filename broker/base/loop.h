/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker's only loop: descriptors (epoll), timers (one timerfd), and tasks that are put off to the next
 * turn, so that nothing takes more than its share of this one. It must not know what it serves.
 */
#ifndef BROKER_BASE_LOOP_H
#define BROKER_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/base/timer.h"

struct loop;
struct loop_source;

/* `events` are EPOLLIN, EPOLLHUP… */
typedef void (*loop_fn)(void *userdata, uint32_t events);

/* Lives inside what it belongs to. Zeroed except for fn and userdata, it is not queued. */
struct loop_task {
    void (*fn)(void *userdata);
    void *userdata;
    struct loop_task *next;
    struct loop_task *previous;
    bool queued;
};

/* Makes a loop. 0 or -errno. */
int loop_new(struct loop **loop);

/* Frees a loop, whose sources must all have been removed. Takes NULL; returns NULL. */
struct loop *loop_free(struct loop *loop);

/* Watches a descriptor, which stays the caller's. 0 or -errno. */
int loop_add(struct loop *loop, struct loop_source **source, int fd, uint32_t events, loop_fn fn,
             void *userdata);

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

/* Runs a task once in the next turn, which then does not sleep. A task that is queued already stays so. */
void loop_defer(struct loop *loop, struct loop_task *task);
void loop_cancel_task(struct loop *loop, struct loop_task *task);

/* Has `fn` called at the end of each turn, after its events, timers and tasks. */
void loop_set_after(struct loop *loop, void (*fn)(void *userdata), void *userdata);

/* Runs turns until loop_stop(). 0 or -errno. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
