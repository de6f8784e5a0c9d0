/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls that an older kernel, a container or the filter of a hardened service refuses, each with what
 * does the same without it. Used in every process.
 */
#ifndef PROTO_KERNEL_H
#define PROTO_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define KERNEL_MEMORY_NOEXEC 8u /* MFD_NOEXEC_SEAL, from Linux 6.3 on */

/* Returns whether an error means that the kernel, or a filter, does not make the call at all. */
bool kernel_refuses(int error);

/* Closes all descriptors from this number on. */
void kernel_close_from(unsigned first);

/* Returns a memory that can be sealed and not be executed, or -1 with errno. Closed on exec. */
int kernel_memory(const char *name);

/*
 * Forks with the flags of clone(2), which must not share memory with the caller, into the cgroup whose folder
 * is `cgroup`, unless that is -1. Returns as fork() does.
 */
pid_t kernel_fork(uint64_t flags, int exit_signal, int cgroup);

#endif
