/* SPDX-License-Identifier: BSD-2-Clause */
/* Time: CLOCK_MONOTONIC in nanoseconds everywhere, so that steps of the host's clock are never seen. */
#ifndef FIRECURTAIN_TIME_H
#define FIRECURTAIN_TIME_H

#include <stdbool.h>
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

/* Whether something that may happen once a second, such as a warning, is due. If so, *last_ns becomes now. */
static inline bool fc_once_a_second(uint64_t *last_ns)
{
    uint64_t now_ns = fc_now_ns();

    if (*last_ns && now_ns - *last_ns < FC_NS_PER_S)
        return false;
    *last_ns = now_ns;
    return true;
}

#endif
