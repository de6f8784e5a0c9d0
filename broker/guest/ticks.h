/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The intervals of one worker: absolute deadlines without drift. The worker is told of a tick a little before
 * its time, so that it can call the interval on time in spite of the way there. An interval that comes due
 * again while its last tick has not been called makes one tick, not many: no timer runs for it until then.
 */
#ifndef BROKER_GUEST_TICKS_H
#define BROKER_GUEST_TICKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/codec.h"

#define TICKS_MAX           1024 /* intervals, as many as a worker allows its script */
#define TICKS_MAX_PERIOD_MS UINT64_C(1000000000000)
#define TICKS_LEAD_NS       1000000u /* how long before its time a tick is told, but at most half the period */
#define TICKS_MAX_TOLD      16u      /* tellings without a call; after that the worker is told nothing more */

struct loop;
struct tick_set;

/* `changed` is called when the worker should be told of an interval. -ENOMEM. */
int tick_set_new(struct tick_set **set, struct loop *loop, void (*changed)(void *userdata), void *userdata);

/* Takes NULL; returns NULL. */
struct tick_set *tick_set_free(struct tick_set *set);

/*
 * Sets an interval, or cancels it if its period is 0. It counts from the time that the worker names, if that
 * is plausible. -EINVAL, -EEXIST, -ENOSPC: the worker's fault; -ENOMEM.
 */
int tick_set_change(struct tick_set *set, const struct message_interval *change, uint64_t now_ns);

/*
 * Takes the ticks to be told, for a message, with their times; they are under way from now on. Returns none
 * while the worker has been told too often without calling any.
 */
size_t tick_set_take(struct tick_set *set, uint32_t ids[TICKS_MAX], uint64_t due_ns[TICKS_MAX]);

/* Expects `n` more calls, of intervals that the set does not have. */
void tick_set_expect(struct tick_set *set, size_t n);

/*
 * A tick that was under way was called at this time, or its interval was gone. That covers everything that
 * had come due by then; what has come due since can be taken at once. -EINVAL if it was not under way: the
 * worker's fault.
 */
int tick_set_called(struct tick_set *set, uint32_t id, uint64_t called_ns);

/* Whether a tick is under way, and whether the time of one of these has come. */
bool tick_set_is_under_way(const struct tick_set *set);
bool tick_set_is_overdue(const struct tick_set *set);

#endif
