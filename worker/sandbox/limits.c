/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layer "limits": resource limits, each with its reason. RLIMIT_NPROC counts per user namespace, so it limits
 * the threads of this worker alone.
 */
#include "worker/sandbox/limits.h"

#include <sys/resource.h>
#include <sys/time.h>

#include "firecurtain/cleanup.h"
#include "proto/spawn_request.h"

#define MIB (UINT64_C(1) << 20)

struct limit {
    __rlimit_resource_t resource;
    rlim_t limit;
    const char *name; /* and the reason */
};

static const struct limit limits_fixed[] = {
    {RLIMIT_CORE, 1, "core: no dump; 0 would not hold for a piped core_pattern, see core(5)"},
    {RLIMIT_STACK, 8 * MIB, "stack: also the size of a thread's stack"},
    {RLIMIT_MEMLOCK, 0, "memlock: memory can be swapped"},
    {RLIMIT_MSGQUEUE, 0, "msgqueue: no POSIX queues"},
    {RLIMIT_SIGPENDING, 256, "sigpending: queued signals are the kernel's memory"},
    {RLIMIT_NICE, 0, "nice: no better than the broker"},
    {RLIMIT_RTPRIO, 0, "rtprio: no real-time priority"},
};

static int limits_set(const struct limit *limit, struct sandbox_error *error)
{
    struct rlimit now;

    if (getrlimit(limit->resource, &now) < 0)
        return sandbox_fail(error, "limits", "read %s", limit->name);
    /* never more than the broker itself may have */
    if (now.rlim_max > limit->limit)
        now.rlim_max = limit->limit;
    now.rlim_cur = now.rlim_max;
    if (setrlimit(limit->resource, &now) < 0)
        return sandbox_fail(error, "limits", "set %s", limit->name);
    return 0;
}

int sandbox_limits(const struct sandbox *sandbox, struct sandbox_error *error)
{
    const struct limit options[] = {
        {RLIMIT_NPROC, sandbox->threads + SPAWN_OWN_THREADS, "nproc: the option \"threads\""},
        {RLIMIT_FSIZE, sandbox->file_bytes, "fsize: the option \"state\""},
        {RLIMIT_NOFILE, sandbox->files + SPAWN_OWN_FILES, "nofile: the option \"files\""},
#if !defined(FIRECURTAIN_ASAN) /* a sanitizer's shadow memory counts as data */
        {RLIMIT_DATA, sandbox->memory_bytes, "data: the option \"memory\""},
        {RLIMIT_AS, sandbox->memory_bytes + SPAWN_ADDRESS_ALLOWANCE,
         "as: what is not writable at the moment is memory, too"},
#endif
    };
    int r = 0;

    for (size_t i = 0; r == 0 && !sandbox->none && i < FC_ARRAY_SIZE(limits_fixed); i++)
        r = limits_set(&limits_fixed[i], error);
    for (size_t i = 0; r == 0 && i < FC_ARRAY_SIZE(options); i++) {
        /*
         * outside a user namespace it would count all processes of the user; there `memory` limits the stacks
         */
        if (sandbox->namespaces || options[i].resource != RLIMIT_NPROC)
            r = limits_set(&options[i], error);
    }
    return r;
}
