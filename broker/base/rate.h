/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * So many a second: a token bucket that holds a tenth of a second's worth. Pure: time comes in, in
 * nanoseconds that never run backwards. Taking needs no clock; who finds the bucket empty fills it.
 */
#ifndef BROKER_BASE_RATE_H
#define BROKER_BASE_RATE_H

#include <stdbool.h>
#include <stdint.h>

#define RATE_MAX UINT64_C(1000000000) /* a second */

struct rate {
    uint64_t per_second; /* 1 to RATE_MAX */
    uint64_t parts;      /* what is there, in parts of which RATE_MAX make one */
    uint64_t filled_ns;
};

/* A full bucket. */
void rate_init(struct rate *rate, uint64_t per_second, uint64_t now_ns);

/* How many a full one holds: at least one. */
uint64_t rate_burst(const struct rate *rate);

/* Adds what has come together since the last call. How many are there now. */
uint64_t rate_fill(struct rate *rate, uint64_t now_ns);

/* Takes `n`; false if there are fewer, and then none is taken. */
bool rate_take(struct rate *rate, uint64_t n);

/* When rate_fill() will find `n`, which is rate_burst() at most: never before the last fill. */
uint64_t rate_when_ns(const struct rate *rate, uint64_t n);

#endif
