/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A token bucket: an allowance per second, of which some can be saved up. Pure: time comes in, in nanoseconds
 * that never run backwards. Taking needs no clock; callers that find the bucket empty fill it first.
 */
#ifndef BROKER_BASE_RATE_H
#define BROKER_BASE_RATE_H

#include <stdbool.h>
#include <stdint.h>

#define RATE_MAX   UINT64_C(1000000000) /* a second */
#define RATE_PARTS UINT64_C(1000000000) /* of one, as many as a second has nanoseconds */

struct rate {
    uint64_t per_second; /* 1 to RATE_MAX */
    uint64_t burst;      /* what a full bucket holds: 1 to RATE_MAX * 10 */
    uint64_t parts;      /* what is in it, in parts of which RATE_PARTS make one */
    uint64_t filled_ns;
};

/* Begins with a full bucket, which holds a tenth of a second's worth, but at least one. */
void rate_init(struct rate *rate, uint64_t per_second, uint64_t now_ns);

/* Begins with a full bucket of this size. */
void rate_init_burst(struct rate *rate, uint64_t per_second, uint64_t burst);

/* Adds what has come together since the last call. Returns how many there are now. */
uint64_t rate_fill(struct rate *rate, uint64_t now_ns);

/* Takes `n`; false if there are fewer, and then none is taken. */
bool rate_take(struct rate *rate, uint64_t n);

/* Takes `n`, or what there is if that is less. */
void rate_spend(struct rate *rate, uint64_t n);

/* Fills the bucket and takes one; false if there is none. */
bool rate_allow(struct rate *rate, uint64_t now_ns);

/* Returns when rate_fill() will find `n`, at most a full bucket: never before the last fill. */
uint64_t rate_when_ns(const struct rate *rate, uint64_t n);

#endif
