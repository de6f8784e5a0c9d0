/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits, and system calls: what the desk calls, and why. */
#include "broker/os/confine_desk.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "broker/os/confine_calls.h"
#include "broker/os/confine_filter.h"
#include "broker/os/confine_limits.h"
#include "firecurtain/cleanup.h"

static const struct confine_call desk_calls[] = {
    ALLOW("brk", "memory"),
    ALLOW("madvise", "memory"),
    ALLOW("mremap", "memory"),
    ALLOW("munmap", "memory"),
    ALLOW_MASK("mmap", 2, PROT_EXEC, 0, "memory, never to be executed"),
    ALLOW_MASK("mprotect", 2, PROT_EXEC, 0, "guard pages of stacks"),
    ALLOW_MASK("clone", 0, CLONE_THREAD, CLONE_THREAD, "libzmq's threads"),
    ALLOW("set_robust_list", "threads"),
    ALLOW("rseq", "threads"),
    ALLOW("futex", "threads"),
    ALLOW("membarrier", "threads"),
    ALLOW("sched_yield", "threads"),
    ALLOW("sched_getparam", "libzmq's threads"),
    ALLOW("sched_getscheduler", "libzmq's threads"),
    ALLOW("sched_setscheduler", "libzmq sets its threads to what they have"),
    ALLOW("sched_getaffinity", "threads"),
    ALLOW_EQ("prctl", 0, PR_SET_NAME, "libzmq names its threads"),
    ALLOW("exit", "a thread's end"),
    ALLOW("exit_group", "the end"),
    ALLOW("rt_sigaction", "abort()"),
    ALLOW("rt_sigprocmask", "threads, abort()"),
    ALLOW("rt_sigreturn", "signals"),
    ALLOW("sigaltstack", "threads, with sanitizers"),
    ALLOW("restart_syscall", "stopped and continued"),
    ALLOW_EQ("tgkill", 0, CONFINE_SELF, "abort()"),
    ALLOW("getpid", "abort(), libzmq"),
    ALLOW("gettid", "abort(), libzmq"),
    ALLOW("getuid", "libzmq"),
    ALLOW("geteuid", "libzmq"),
    ALLOW("getgid", "libzmq"),
    ALLOW("getegid", "libzmq"),
    ALLOW("getrandom", "libzmq"),
    ALLOW("uname", "libraries"),
    ALLOW("sysinfo", "qsort()"),
    ALLOW_MASK("prlimit64", 2, UINT64_MAX, 0, "reading the size of stacks; not setting it"),

    ALLOW("clock_gettime", "time"),
    ALLOW("gettimeofday", "time"),
    ALLOW("clock_nanosleep", "a connection too many waits"),
    ALLOW("nanosleep", "the same"),

    ALLOW("read", "timers, eventfds"),
    ALLOW("write", "the log, eventfds"),
    ALLOW("writev", "stdio"),
    ALLOW("close", "connections"),
    ALLOW("fstat", "connections"),
    ALLOW("newfstatat", "fstat() of newer C libraries; Landlock and the filter open no file"),
    ALLOW_EQ("fcntl", 1, F_GETFD, "libzmq"),
    ALLOW_EQ("fcntl", 1, F_SETFD, "libzmq"),
    ALLOW_EQ("fcntl", 1, F_GETFL, "sockets"),
    ALLOW_EQ("fcntl", 1, F_SETFL, "sockets"),

    ALLOW("epoll_create1", "libzmq's threads"),
    ALLOW("epoll_ctl", "the loop, libzmq"),
    ALLOW("epoll_wait", "the loop, libzmq"),
    ALLOW("epoll_pwait", "the same"),
    ALLOW("poll", "libzmq"),
    ALLOW("ppoll", "libzmq"),
    ALLOW("eventfd2", "libzmq"),
    ALLOW("timerfd_settime", "the loop"),

    ALLOW("accept", "connections"),
    ALLOW("accept4", "connections"),
    ALLOW("getsockname", "libzmq"),
    ALLOW("getpeername", "libzmq"),
    ALLOW("getsockopt", "who the client is"),
    ALLOW("setsockopt", "libzmq"),
    ALLOW("shutdown", "libzmq"),
    ALLOW("sendto", "the link, connections"),
    ALLOW("recvfrom", "the same"),
    ALLOW("recvmsg", "whether a client passes descriptors, before Linux 6.16"),
    ALLOW("pipe2", "the thread that closes connections, before Linux 6.16"),
#ifdef FIRECURTAIN_SANITIZE
    ALLOW("clone", "the leak sanitizer stops all threads from a process of its own"),
    ALLOW("getppid", "the same"),
    ALLOW("getdents64", "the same"),
    ALLOW("open", "the same"),
    ALLOW("openat", "the same"),
    ALLOW("readlink", "the same"),
    ALLOW("ptrace", "the same"),
    ALLOW("prctl", "the same"),
    ALLOW("mprotect", "the same"),
    ALLOW("wait4", "the same"),
    ALLOW("rt_sigtimedwait", "the same"),
#endif
};

int confine_desk_limits(void)
{
    static const struct confine_limit limits[] = {
        {RLIMIT_NOFILE, CONFINE_DESK_FILES},
        {RLIMIT_FSIZE, 0},
        {RLIMIT_MEMLOCK, 0},
#ifndef FIRECURTAIN_SANITIZE /* whose shadow memory is address space */
        {RLIMIT_AS, CONFINE_DESK_MEMORY},
#endif
    };

    return confine_limit(limits, FC_ARRAY_SIZE(limits));
}

int confine_desk_filter(void)
{
    return confine_filter(desk_calls, FC_ARRAY_SIZE(desk_calls));
}
