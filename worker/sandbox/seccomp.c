/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layer "system calls": an allow-list (syscalls.c), compiled once by libseccomp in the zygote and loaded by
 * each worker for all of its threads at once (TSYNC), with a notification descriptor for the gate.
 *
 * Calls of other architectures and of x32 end the process. The flags are those of seccomp(2); TSYNC together
 * with a notification descriptor needs TSYNC_ESRCH.
 */
#include "worker/sandbox/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "proto/kernel.h"
#include "worker/base/say.h"
#include "worker/sandbox/syscalls.h"

#define SECCOMP_DEFAULT SCMP_ACT_ERRNO(ENOSYS) /* a library that tries something new falls back */

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* One per enum spawn_network, for as long as the zygote lives. */
static struct sock_fprog seccomp_programs[2];

static uint32_t seccomp_action(const struct syscall_rule *rule, const struct sandbox *sandbox)
{
    switch (rule->action) {
    case SYSCALL_ALLOW:
        return SCMP_ACT_ALLOW;
    case SYSCALL_ALLOW_HOST:
        return sandbox->host_network ? SCMP_ACT_ALLOW : SCMP_ACT_NOTIFY;
    case SYSCALL_ALLOW_FILES:
        return sandbox->namespaces ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM);
    case SYSCALL_ERRNO:
        return SCMP_ACT_ERRNO(rule->error);
    case SYSCALL_TELL:
    case SYSCALL_ANSWER:
    case SYSCALL_REPORT:
    default:
        return SCMP_ACT_NOTIFY;
    }
}

static int seccomp_add(scmp_filter_ctx filter, const struct syscall_rule *rule, const struct sandbox *sandbox)
{
    static const enum scmp_compare compare[] = {
        [SYSCALL_EQ] = SCMP_CMP_EQ,
        [SYSCALL_NE] = SCMP_CMP_NE,
        [SYSCALL_GT] = SCMP_CMP_GT,
    };
    int number = seccomp_syscall_resolve_name(rule->name);
    uint32_t action = seccomp_action(rule, sandbox);

    if (number == __NR_SCMP_ERROR || number < 0)
        return 0; /* not on this architecture: the default refuses it */
    if (action == SECCOMP_DEFAULT)
        return 0; /* listed for its reason; libseccomp refuses a rule that changes nothing */
    if (rule->compare == SYSCALL_ANY)
        return seccomp_rule_add(filter, action, number, 0);
    if (rule->compare == SYSCALL_MASKED)
        return seccomp_rule_add(filter, action, number, 1,
                                SCMP_CMP64(rule->arg, SCMP_CMP_MASKED_EQ, rule->mask, rule->value));
    if (rule->compare == SYSCALL_OPTION)
        return seccomp_rule_add(filter, action, number, 2, SCMP_CMP64(1, SCMP_CMP_EQ, rule->mask, 0),
                                SCMP_CMP64(2, SCMP_CMP_EQ, rule->value, 0));
    return seccomp_rule_add(filter, action, number, 1,
                            SCMP_CMP64(rule->arg, compare[rule->compare], rule->value, 0));
}

/* Gets the program into memory: libseccomp only writes it to a file. */
static int seccomp_export(scmp_filter_ctx filter, struct sock_fprog *program)
{
    FC_AUTO_CLOSE int fd = kernel_memory("seccomp");
    FC_AUTO_FREE void *code = NULL;
    struct stat st;
    int r;

    if (fd < 0)
        return -errno;
    r = seccomp_export_bpf(filter, fd);
    if (r < 0)
        return r;
    if (fstat(fd, &st) < 0)
        return -errno;
    code = malloc((size_t)st.st_size);
    if (!code)
        return -ENOMEM;
    if (pread(fd, code, (size_t)st.st_size, 0) != st.st_size)
        return -EIO;
    program->len = (unsigned short)((size_t)st.st_size / sizeof(struct sock_filter));
    program->filter = fc_steal(code);
    return 0;
}

static int seccomp_compile(const struct sandbox *sandbox, struct sock_fprog *program)
{
    scmp_filter_ctx filter = seccomp_init(SECCOMP_DEFAULT);
    int r;

    if (!filter)
        return -ENOMEM;
    r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (r == 0)
        r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree: calls are many */
    for (size_t i = 0; r == 0 && i < sandbox_n_syscalls; i++) {
        r = seccomp_add(filter, &sandbox_syscalls[i], sandbox);
        if (r < 0)
            say(SAY_ERROR "system call filter: the row %s: %s", sandbox_syscalls[i].name, strerror(-r));
    }
    if (r == 0)
        r = seccomp_export(filter, program);
    seccomp_release(filter);
    return r;
}

int sandbox_seccomp_compile(bool namespaces)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < FC_ARRAY_SIZE(seccomp_programs); i++) {
        struct sandbox sandbox = {.namespaces = namespaces, .host_network = i == 1};

        r = seccomp_compile(&sandbox, &seccomp_programs[i]);
    }
    return r;
}

/* Puts this process's pid into its own copy of the program. */
static void seccomp_set_self(const struct sock_fprog *program)
{
    for (unsigned short i = 0; i < program->len; i++) {
        if (BPF_CLASS(program->filter[i].code) == BPF_JMP && program->filter[i].k == SYSCALL_SELF)
            program->filter[i].k = (uint32_t)getpid();
    }
}

int sandbox_seccomp_load(const struct sandbox *sandbox, struct sandbox_error *error)
{
    const struct sock_fprog *program = &seccomp_programs[sandbox->host_network ? 1 : 0];
    unsigned long flags =
        SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH | SECCOMP_FILTER_FLAG_NEW_LISTENER;
    long fd;

    if (!program->filter) {
        errno = EINVAL;
        return sandbox_fail(error, "system calls", "the filter was not compiled");
    }
    seccomp_set_self(program);
    fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
                 program);
    if (fd < 0 && errno == EINVAL) /* before Linux 5.19 */
        fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
    if (fd < 0)
        return sandbox_fail(error, "system calls", "load the filter");
    return (int)fd;
}
