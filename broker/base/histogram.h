/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Distributions of durations in a fixed amount of memory: log-linear like HdrHistogram, so that a quantile is
 * at most a sixteenth too high. Pure. Values may have any unit.
 */
#ifndef BROKER_BASE_HISTOGRAM_H
#define BROKER_BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS   16u                              /* per doubling */
#define HISTOGRAM_MAX     UINT32_MAX                       /* larger values count as this one */
#define HISTOGRAM_BUCKETS (HISTOGRAM_STEPS * (1 + 32 - 4)) /* below 16 one per value, then 28 doublings */

/* Zeroed means empty. */
struct histogram {
    uint32_t counts[HISTOGRAM_BUCKETS];
    uint64_t n; /* of values in `counts` */
    uint64_t max;
};

/* Adds a value. If its bucket is full, all are halved: the shape stays, and older values weigh less. */
void histogram_add(struct histogram *histogram, uint64_t value);

/*
 * Returns the value that `per_mille` of all values do not exceed: the largest of its bucket, and never more
 * than the maximum. 0 if there are no values.
 */
uint64_t histogram_quantile(const struct histogram *histogram, unsigned per_mille);

#endif
