/* SPDX-License-Identifier: BSD-2-Clause */
/* Buckets of a log-linear histogram. */
#include "broker/base/histogram.h"

_Static_assert(sizeof(struct histogram) <= 2048, "an instance has one");

/* Returns the bucket of a value: values below 16 have one each; above, the five highest bits decide. */
static unsigned histogram_bucket(uint32_t value)
{
    unsigned shift;

    if (value < HISTOGRAM_STEPS)
        return value;
    shift = 27u - (unsigned)__builtin_clz(value);
    return shift * HISTOGRAM_STEPS + (value >> shift);
}

static uint64_t histogram_highest(unsigned bucket)
{
    unsigned shift = bucket < 2 * HISTOGRAM_STEPS ? 0 : bucket / HISTOGRAM_STEPS - 1;
    uint64_t lowest = (uint64_t)(bucket - shift * HISTOGRAM_STEPS) << shift;

    return lowest + (UINT64_C(1) << shift) - 1;
}

static void histogram_halve(struct histogram *histogram)
{
    histogram->n = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        histogram->n += histogram->counts[i] /= 2;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    uint32_t *count;

    if (value > HISTOGRAM_MAX)
        value = HISTOGRAM_MAX;
    count = &histogram->counts[histogram_bucket((uint32_t)value)];
    if (*count == UINT32_MAX)
        histogram_halve(histogram);
    ++*count;
    histogram->n++;
    if (value > histogram->max)
        histogram->max = value;
}

uint64_t histogram_quantile(const struct histogram *histogram, unsigned per_mille)
{
    uint64_t rank = histogram->n / 1000 * per_mille + (histogram->n % 1000 * per_mille + 999) / 1000;
    uint64_t n = 0, highest;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        n += histogram->counts[i];
        if (!n || n < rank)
            continue;
        highest = histogram_highest(i);
        return highest < histogram->max ? highest : histogram->max;
    }
    return histogram->max;
}
