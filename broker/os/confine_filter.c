/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layer "system calls" of self-confinement: an allow-list for all threads of a process. Calls that are not on
 * it fail with ENOSYS, so a library that tries something new falls back and the show goes on; calls that only
 * an attacker would try fail with EPERM. The kernel's log has a line for either.
 */
#include "broker/os/confine_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "broker/os/confine_calls.h"
#include "firecurtain/log.h"

#define SECCOMP_DEFAULT SCMP_ACT_ERRNO(ENOSYS)

static uint32_t level_of(const struct confine_call *row)
{
    return row->level == CONFINE_IP ? IPPROTO_IP : (uint32_t)row->level;
}

static int seccomp_allow(scmp_filter_ctx filter, const struct confine_call *row)
{
    int number = seccomp_syscall_resolve_name(row->name);
    uint64_t value = row->value == CONFINE_SELF ? (uint64_t)getpid() : row->value;

    if (number < 0)
        return 0; /* not on this architecture */
    if (row->arg < 0)
        return seccomp_rule_add(filter, row->arg == CONFINE_ASK ? SCMP_ACT_NOTIFY : SCMP_ACT_ALLOW, number,
                                0);
    if (row->level)
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 2,
                                SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, UINT32_MAX, level_of(row)),
                                SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, UINT32_MAX, value));
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
                            SCMP_CMP64((unsigned)row->arg, SCMP_CMP_MASKED_EQ, row->mask, value));
}

static bool seccomp_has(const struct confine_call *calls, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(calls[i].name, name) == 0)
            return true;
    }
    return false;
}

static int seccomp_refuse(scmp_filter_ctx filter, const char *name)
{
    int number = seccomp_syscall_resolve_name(name);

    return number < 0 ? 0 : seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
}

static int seccomp_fill(scmp_filter_ctx filter, const struct confine_call *calls, size_t n)
{
    const char *name = NULL;
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        name = calls[i].name;
        r = seccomp_allow(filter, &calls[i]);
    }
    for (size_t i = 0; r == 0 && i < confine_n_refused_calls; i++) {
        name = confine_refused_calls[i];
        r = seccomp_has(calls, n, name) ? 0 : seccomp_refuse(filter, name);
    }
    if (r < 0)
        fc_log(FC_LOG_ERROR, NULL, "system call filter: the row %s", name);
    return r;
}

/* Takes the notification descriptor, which the filter would close. */
static int seccomp_take_listener(scmp_filter_ctx filter)
{
    int fd = seccomp_notify_fd(filter);

    return fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

int confine_filter(const struct confine_call *calls, size_t n)
{
    return confine_filter_asking(calls, n, NULL);
}

int confine_filter_asking(const struct confine_call *calls, size_t n, int *listener)
{
    scmp_filter_ctx filter = seccomp_init(SECCOMP_DEFAULT);
    int r;

    if (!filter)
        return -ENOMEM;
    r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (r == 0)
        r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (r == 0)
        r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree: calls are many */
    if (r == 0)
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1); /* where the kernel can */
    if (r == 0)
        r = seccomp_fill(filter, calls, n);
    if (r == 0)
        r = seccomp_load(filter);
    if (r == 0 && listener) {
        *listener = seccomp_take_listener(filter);
        r = *listener < 0 ? -EBADF : 0;
    }
    seccomp_release(filter);
    return r;
}
