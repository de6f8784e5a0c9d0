/*
 * The intervals of one worker: absolute deadlines without drift. An interval that comes due again while its
 * last tick has not been handled makes one tick, not many.
 */
#ifndef BROKER_TICKS_H
#define BROKER_TICKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/codec.h"

#define TICKS_MAX           1024 /* intervals; as many as a worker lets its script have */
#define TICKS_MAX_PERIOD_MS UINT64_C(1000000000000)

struct loop;
struct tick_set;

/* `changed` is called when an interval has come due. -ENOMEM. */
int tick_set_new(struct tick_set **set, struct loop *loop, void (*changed)(void *userdata), void *userdata);

/* Takes NULL; returns NULL. */
struct tick_set *tick_set_free(struct tick_set *set);

/*
 * Sets or, with a period of 0, cancels an interval. It counts from `from_ns` as the worker says, if that is
 * believable. -EINVAL, -EEXIST, -ENOSPC: the worker's fault; -ENOMEM.
 */
int tick_set_change(struct tick_set *set, const struct message_interval *change, uint64_t now_ns);

/* Whether tick_set_take() would give any. */
bool tick_set_is_due(const struct tick_set *set);

/* The ids that are due, for a message. */
size_t tick_set_take(struct tick_set *set, uint32_t ids[TICKS_MAX]);

#endif
