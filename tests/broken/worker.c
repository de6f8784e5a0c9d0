/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layers of the sandbox that do nothing. One of them replaces the real one in a worker (-Wl,--wrap), and
 * tests/escape/test_broken.py shows that this is noticed.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/sandbox/sandbox.h"

#define BROKEN_LAYER(name)                                                                                   \
    int __wrap_##name(const struct sandbox *sandbox, struct sandbox_error *error);                           \
    int __wrap_##name(const struct sandbox *sandbox, struct sandbox_error *error)                            \
    {                                                                                                        \
        return 0;                                                                                            \
    }

BROKEN_LAYER(sandbox_identity)
BROKEN_LAYER(sandbox_limits)
BROKEN_LAYER(sandbox_root)
BROKEN_LAYER(sandbox_capabilities)
BROKEN_LAYER(sandbox_landlock)

/* Leaves the worker one namespace of the broker. */
#ifdef LEFT_OUT
uint64_t __real_sandbox_namespaces(const struct sandbox *sandbox);
uint64_t __wrap_sandbox_namespaces(const struct sandbox *sandbox);
uint64_t __wrap_sandbox_namespaces(const struct sandbox *sandbox)
{
    return __real_sandbox_namespaces(sandbox) & ~(uint64_t)LEFT_OUT;
}
#endif

/* Loads a filter that allows everything, but has a notification descriptor. */
int __wrap_sandbox_seccomp_load(const struct sandbox *sandbox, struct sandbox_error *error);
int __wrap_sandbox_seccomp_load(const struct sandbox *sandbox, struct sandbox_error *error)
{
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = 1, .filter = &allow};

    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                        SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH |
                            SECCOMP_FILTER_FLAG_NEW_LISTENER,
                        &program);
}
