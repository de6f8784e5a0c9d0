/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread behind a system call filter whose notifications this process receives, as the broker those of a
 * worker. */
#ifndef TESTS_FUZZ_FILTER_H
#define TESTS_FUZZ_FILTER_H

#include <pthread.h>
#include <seccomp.h>

#include "tests/fuzz/fuzz.h"

/* Loads the filter for the calling thread only. Returns the notification descriptor. */
static inline int filter_load(const char *const *calls, size_t n_calls)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int fd = -1;

    require(filter != NULL);
    for (size_t i = 0; i < n_calls; i++)
        require(seccomp_rule_add(filter, SCMP_ACT_NOTIFY, seccomp_syscall_resolve_name(calls[i]), 0) == 0);
    if (seccomp_load(filter) == 0)
        fd = seccomp_notify_fd(filter);
    seccomp_release(filter); /* the descriptor stays open */
    return fd;
}

static inline void *filter_run(void *fd)
{
    static const char *const calls[] = {"acct"};

    *(int *)fd = filter_load(calls, 1);
    return NULL;
}

/* Returns a notification descriptor that never says anything: its thread ends. Skips the fuzzer if the kernel
 * has none. */
static inline int filter_listener(void)
{
    pthread_t thread;
    int fd = -1;

    require(pthread_create(&thread, NULL, filter_run, &fd) == 0);
    pthread_join(thread, NULL);
    if (fd < 0)
        fuzz_skip("this kernel lets no filter have a listener");
    return fd;
}

#endif
