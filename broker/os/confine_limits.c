/* SPDX-License-Identifier: BSD-2-Clause */
/* Lowers resource limits. Runs in the desk and in drivers. */
#include "broker/os/confine_limits.h"

#include <errno.h>

int confine_limit(const struct confine_limit *limits, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct rlimit limit;

        if (getrlimit(limits[i].resource, &limit) < 0)
            return -errno;
        if (limit.rlim_max > limits[i].most)
            limit.rlim_max = limits[i].most;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(limits[i].resource, &limit) < 0)
            return -errno;
    }
    return 0;
}
