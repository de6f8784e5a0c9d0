/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The intervals of one worker: absolute deadlines without drift. Ticks are told to the worker a little before
 * their time, so that it can call them at their time: the way there takes longer than the timer is late. An
 * interval that comes due again while its last tick has not been called makes one tick, not many.
 */
#ifndef BROKER_GUEST_TICKS_H
#define BROKER_GUEST_TICKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/codec.h"

#define TICKS_MAX           1024 /* intervals; as many as a worker lets its script have */
#define TICKS_MAX_PERIOD_MS UINT64_C(1000000000000)
#define TICKS_LEAD_NS       1000000u /* how long before its time a tick is told; at most half of the period */
#define TICKS_MAX_TOLD      16u      /* times that ticks are told and none of them is called: then it waits */

struct loop;
struct tick_set;

/* `changed` is called when an interval is to be told. -ENOMEM. */
int tick_set_new(struct tick_set **set, struct loop *loop, void (*changed)(void *userdata), void *userdata);

/* Takes NULL; returns NULL. */
struct tick_set *tick_set_free(struct tick_set *set);

/*
 * Sets or, with a period of 0, cancels an interval. It counts from `from_ns` as the worker says, if that is
 * believable. -EINVAL, -EEXIST, -ENOSPC: the worker's fault; -ENOMEM.
 */
int tick_set_change(struct tick_set *set, const struct message_interval *change, uint64_t now_ns);

/*
 * Those to be told, for a message, with their times; they are under way from now on. None while a worker that
 * does not call them has been told too often.
 */
size_t tick_set_take(struct tick_set *set, uint32_t ids[TICKS_MAX], uint64_t due_ns[TICKS_MAX]);

/* As many are under way that the set does not have, as if it had told and then lost them. */
void tick_set_expect(struct tick_set *set, size_t n);

/*
 * One that was under way was called at a time, or found gone. It stands for all that had come due by then.
 * -EINVAL if it was not: the worker's fault.
 */
int tick_set_called(struct tick_set *set, uint32_t id, uint64_t called_ns);

/* Whether one is under way, and whether the time of one of these has come. */
bool tick_set_is_under_way(const struct tick_set *set);
bool tick_set_is_overdue(const struct tick_set *set);

#endif
