/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts in parts: a nanosecond is worth `per_second` of them, so that only what a full bucket cannot take is
 * lost. */
#include "broker/base/rate.h"

#define RATE_BURSTS_PER_SECOND 10u

void rate_init_burst(struct rate *rate, uint64_t per_second, uint64_t burst)
{
    *rate = (struct rate){.per_second = per_second, .burst = burst, .parts = burst * RATE_PARTS};
}

void rate_init(struct rate *rate, uint64_t per_second, uint64_t now_ns)
{
    uint64_t burst = per_second / RATE_BURSTS_PER_SECOND;

    rate_init_burst(rate, per_second, burst ? burst : 1);
    rate->filled_ns = now_ns;
}

uint64_t rate_fill(struct rate *rate, uint64_t now_ns)
{
    uint64_t full = rate->burst * RATE_PARTS;
    uint64_t passed_ns = now_ns - rate->filled_ns;

    if (passed_ns > (full - rate->parts) / rate->per_second)
        rate->parts = full;
    else
        rate->parts += passed_ns * rate->per_second;
    rate->filled_ns = now_ns;
    return rate->parts / RATE_PARTS;
}

bool rate_take(struct rate *rate, uint64_t n)
{
    if (rate->parts / RATE_PARTS < n)
        return false;
    rate->parts -= n * RATE_PARTS;
    return true;
}

void rate_spend(struct rate *rate, uint64_t n)
{
    if (!rate_take(rate, n))
        rate->parts = 0;
}

bool rate_allow(struct rate *rate, uint64_t now_ns)
{
    rate_fill(rate, now_ns);
    return rate_take(rate, 1);
}

uint64_t rate_when_ns(const struct rate *rate, uint64_t n)
{
    uint64_t wanted = n * RATE_PARTS;

    if (wanted <= rate->parts)
        return rate->filled_ns;
    return rate->filled_ns + (wanted - rate->parts + rate->per_second - 1) / rate->per_second;
}
