/* SPDX-License-Identifier: BSD-2-Clause */
/* Time is CLOCK_MONOTONIC in nanoseconds everywhere; a clock step of the host is never seen. */
#ifndef FIRECURTAIN_TIME_H
#define FIRECURTAIN_TIME_H

#include <stdint.h>
#include <time.h>

#define FC_NS_PER_MS UINT64_C(1000000)
#define FC_NS_PER_S  UINT64_C(1000000000)

static inline uint64_t fc_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * FC_NS_PER_S + (uint64_t)now.tv_nsec;
}

#endif
