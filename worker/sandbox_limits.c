/*
 * Layer "limits": resource limits, with a reason for each. RLIMIT_NPROC counts per user namespace, so it
 * bounds the threads of this worker alone.
 */
#include <sys/resource.h>
#include <sys/time.h>

#include "firecurtain/cleanup.h"
#include "worker/sandbox.h"

#define MIB (UINT64_C(1) << 20)

static const struct {
    __rlimit_resource_t resource;
    rlim_t limit;
    const char *name; /* and why */
} limits[] = {
    {RLIMIT_CORE, 0, "core: no dump of a stranger's memory on the host's disk"},
    {RLIMIT_NPROC, 66, "nproc: 64 threads of the script and two of the link"},
    {RLIMIT_NOFILE, 256, "nofile: descriptors are the kernel's memory"},
    {RLIMIT_FSIZE, 64 * MIB, "fsize: no file that fills a disk"},
    {RLIMIT_STACK, 8 * MIB, "stack: also the size of a thread's stack"},
    {RLIMIT_MEMLOCK, 0, "memlock: memory can be swapped"},
    {RLIMIT_MSGQUEUE, 0, "msgqueue: no POSIX queues"},
    {RLIMIT_SIGPENDING, 256, "sigpending: queued signals are the kernel's memory"},
    {RLIMIT_NICE, 0, "nice: no better than the broker"},
    {RLIMIT_RTPRIO, 0, "rtprio: no real-time priority"},
#if !defined(__SANITIZE_ADDRESS__) && !defined(FIRECURTAIN_ASAN)
    /* a sanitizer's shadow memory counts as data */
    {RLIMIT_DATA, 1024 * MIB, "data: private memory"},
#endif
};

int sandbox_limits(const struct sandbox *sandbox, struct sandbox_error *error)
{
    (void)sandbox;
    for (size_t i = 0; i < FC_ARRAY_SIZE(limits); i++) {
        struct rlimit now;

        if (getrlimit(limits[i].resource, &now) < 0)
            return sandbox_fail(error, "limits", "read %s", limits[i].name);
        /* never more than the broker itself was given */
        if (now.rlim_max > limits[i].limit)
            now.rlim_max = limits[i].limit;
        now.rlim_cur = now.rlim_max;
        if (setrlimit(limits[i].resource, &now) < 0)
            return sandbox_fail(error, "limits", "set %s", limits[i].name);
    }
    return 0;
}
