/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of system calls that a script may make, each row with its reason; seccomp.c compiles it. */
#ifndef WORKER_SANDBOX_SYSCALLS_H
#define WORKER_SANDBOX_SYSCALLS_H

#include <stddef.h>
#include <stdint.h>

/* Stands for the worker's own pid: 1 in a pid namespace of its own, otherwise any number. */
#define SYSCALL_SELF UINT64_C(0x6f776e70)

enum syscall_action {
    SYSCALL_ALLOW,
    SYSCALL_ALLOW_HOST,  /* with `insecure-network = host`; without it as SYSCALL_REPORT */
    SYSCALL_ALLOW_FILES, /* with a private root; without one quietly EPERM */
    SYSCALL_TELL,        /* allowed, and the gate is told before */
    SYSCALL_ANSWER,      /* answered by the gate, which knows what a worker may know */
    SYSCALL_ERRNO,  /* answered quietly with `error`, since libraries try it; 0: as if it had succeeded */
    SYSCALL_REPORT, /* refused by the gate, which has instance, call and arguments logged */
};

enum syscall_compare {
    SYSCALL_ANY, /* every call; one such row per name */
    SYSCALL_EQ,  /* 64-bit comparison of argument `arg` */
    SYSCALL_NE,
    SYSCALL_GT,
    SYSCALL_MASKED, /* the bits of `mask` are `value` */
    SYSCALL_OPTION, /* argument 1 is `mask`, argument 2 is `value`: level and name of a socket option */
};

struct syscall_rule {
    const char *name; /* one that this architecture or libseccomp does not know is left out */
    enum syscall_action action;
    enum syscall_compare compare;
    uint8_t arg;
    uint8_t error;
    uint64_t value;
    uint64_t mask;
    const char *operand; /* `value` as the source has it, for the documentation */
    const char *reason;
};

extern const struct syscall_rule sandbox_syscalls[];
extern const size_t sandbox_n_syscalls;

#endif
