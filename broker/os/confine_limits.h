/* SPDX-License-Identifier: BSD-2-Clause */
/* Resource limits of processes that confine themselves: a layer of confine.h. */
#ifndef BROKER_OS_CONFINE_LIMITS_H
#define BROKER_OS_CONFINE_LIMITS_H

#include <stddef.h>
#include <sys/resource.h>

struct confine_limit {
    __rlimit_resource_t resource;
    rlim_t most;
};

/* Lowers both limits of each resource to `most`, where they are higher, for good. 0 or -errno. */
int confine_limit(const struct confine_limit *limits, size_t n);

#endif
