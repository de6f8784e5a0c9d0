/* SPDX-License-Identifier: BSD-2-Clause */
/* See rate.h. A nanosecond is worth `per_second` parts: only what a full bucket cannot take is lost. */
#include "broker/base/rate.h"

#define RATE_BURST_PER_SECOND 10u

uint64_t rate_burst(const struct rate *rate)
{
    uint64_t burst = rate->per_second / RATE_BURST_PER_SECOND;

    return burst ? burst : 1;
}

void rate_init(struct rate *rate, uint64_t per_second, uint64_t now_ns)
{
    *rate = (struct rate){.per_second = per_second, .filled_ns = now_ns};
    rate->parts = rate_burst(rate) * RATE_MAX;
}

uint64_t rate_fill(struct rate *rate, uint64_t now_ns)
{
    uint64_t full = rate_burst(rate) * RATE_MAX;
    uint64_t passed_ns = now_ns - rate->filled_ns;

    if (passed_ns > (full - rate->parts) / rate->per_second)
        rate->parts = full;
    else
        rate->parts += passed_ns * rate->per_second;
    rate->filled_ns = now_ns;
    return rate->parts / RATE_MAX;
}

bool rate_take(struct rate *rate, uint64_t n)
{
    if (rate->parts / RATE_MAX < n)
        return false;
    rate->parts -= n * RATE_MAX;
    return true;
}

uint64_t rate_when_ns(const struct rate *rate, uint64_t n)
{
    uint64_t wanted = n * RATE_MAX;

    if (wanted <= rate->parts)
        return rate->filled_ns;
    return rate->filled_ns + (wanted - rate->parts + rate->per_second - 1) / rate->per_second;
}
