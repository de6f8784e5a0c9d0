/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls that may be refused, and their replacements. */
#include "proto/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

#define KERNEL_MANY_FILES 65536u /* more than are open by then */

bool kernel_refuses(int error)
{
    return error == ENOSYS || error == EPERM;
}

void kernel_close_from(unsigned first)
{
    struct rlimit limit = {.rlim_cur = KERNEL_MANY_FILES};

    if (close_range(first, ~0U, 0) == 0)
        return;
    getrlimit(RLIMIT_NOFILE, &limit);
    for (unsigned fd = first; fd < limit.rlim_cur && fd < KERNEL_MANY_FILES; fd++)
        close((int)fd);
}

int kernel_memory(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | KERNEL_MEMORY_NOEXEC);

    /* Linux before 6.3 does not know the last flag; others may insist on it (sysctl vm.memfd_noexec) */
    return fd < 0 && errno == EINVAL ? memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

/* Moves a process into a cgroup. */
static int kernel_enter_cgroup(int cgroup, pid_t pid)
{
    FC_AUTO_CLOSE int fd = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);

    return fd < 0 || dprintf(fd, "%d", pid) < 0 ? -1 : 0;
}

/*
 * Makes the child by clone(), which cannot put it into a cgroup: the child waits until its parent has done
 * that, so it does nothing outside. Not within its own cgroup namespace, from which it could not be moved.
 */
static pid_t kernel_fork_and_move(uint64_t flags, int exit_signal, int cgroup)
{
    int ends[2], error;
    char byte;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    pid = (pid_t)syscall(SYS_clone, (flags & ~(uint64_t)CLONE_NEWCGROUP) | (unsigned)exit_signal, 0, 0, 0, 0);
    if (pid == 0) {
        close(ends[1]);
        if (read(ends[0], &byte, 1) != 1 || (flags & CLONE_NEWCGROUP && unshare(CLONE_NEWCGROUP) < 0))
            _exit(71);
        close(ends[0]);
        return 0;
    }
    error = pid < 0 || kernel_enter_cgroup(cgroup, pid) < 0 || write(ends[1], "", 1) != 1 ? errno : 0;
    close(ends[0]);
    close(ends[1]);
    errno = error;
    return error ? -1 : pid; /* a child that was not moved ends by itself */
}

pid_t kernel_fork(uint64_t flags, int exit_signal, int cgroup)
{
    struct clone_args args = {.flags = flags, .exit_signal = (unsigned)exit_signal};
    pid_t pid;

    if (cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (unsigned)cgroup;
    }
    pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    if (pid >= 0 || !kernel_refuses(errno))
        return pid;
    /* a filter cannot compare the flags of clone3(), and refuses it as a whole to have clone() used */
    if (cgroup >= 0)
        return kernel_fork_and_move(flags, exit_signal, cgroup);
    return (pid_t)syscall(SYS_clone, flags | (unsigned)exit_signal, 0, 0, 0, 0);
}
