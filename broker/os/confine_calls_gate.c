/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of a gate. No row takes a path, makes a process or finds one: a gate works on descriptors that
 * the broker hands over, on internet sockets that it makes, and on what a worker has whose pidfd it holds.
 */
#include "broker/os/confine_calls.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "broker/os/seccomp_notify.h"
#include "firecurtain/cleanup.h"

const struct confine_call confine_gate_calls[] = {
    ALLOW("brk", "memory"),
    ALLOW("madvise", "memory"),
    ALLOW("mremap", "memory"),
    ALLOW("munmap", "memory"),
    ALLOW_MASK("mmap", 2, PROT_EXEC, 0, "memory, never to be executed"),
    ALLOW("futex", "abort(), locks of the C library"),
    ALLOW("exit_group", "the end"),
    ALLOW("rt_sigaction", "abort()"),
    ALLOW("rt_sigprocmask", "abort()"),
    ALLOW("rt_sigreturn", "signals"),
    ALLOW("restart_syscall", "stopped and continued"),
    ALLOW_EQ("tgkill", 0, CONFINE_SELF, "abort()"),
    ALLOW("getpid", "abort()"),
    ALLOW("gettid", "abort()"),
    ALLOW("getrandom", "malloc"),
    ALLOW("getrusage", "whether a worker has made the gate wait"),
    ALLOW("clock_gettime", "time, where the vDSO does not answer"),
    ALLOW("gettimeofday", "the same"),

    ALLOW("read", "timers"),
    ALLOW("write", "the log"),
    ALLOW("writev", "stdio"),
    ALLOW("pread64", "a worker's memory"),
    ALLOW("fstat", "files that workers have deleted"),
    ALLOW("close", "descriptors"),
    ALLOW_EQ("fcntl", 1, F_DUPFD_CLOEXEC, "whether descriptors are left"),
    ALLOW_EQ("fcntl", 1, F_GETFL, "sockets"),
    ALLOW_EQ("fcntl", 1, F_SETFL, "sockets"),

    ALLOW("epoll_ctl", "the loop"),
    ALLOW("epoll_wait", "the loop"),
    ALLOW("epoll_pwait", "the loop"),
    ALLOW("poll", "notifications"),
    ALLOW("ppoll", "the same"),
    ALLOW("timerfd_settime", "the loop"),

    ALLOW_EQ("socket", 0, AF_INET, "sockets in place of a worker's"),
    ALLOW_EQ("socket", 0, AF_INET6, "the same"),
    ALLOW("bind", "carried out for workers"),
    ALLOW("connect", "the same"),
    ALLOW("listen", "the same"),
    ALLOW("sendto", "the same"),
    ALLOW_EQ("recvfrom", 3, MSG_PEEK | MSG_DONTWAIT, "who has sent a datagram that waits"),
    ALLOW("getsockname", "servers that were replaced"),
    ALLOW("getpeername", "the same"),
    ALLOW("getsockopt", "sockets of workers"),
    ALLOW("setsockopt", "options that a worker had set before"),
    ALLOW("sendmsg", "the broker"),
    ALLOW("recvmsg", "the broker"),

    ALLOW("pidfd_getfd", "sockets of workers, whose pidfds the broker hands over"),
    ALLOW_EQ("ioctl", 1, SECCOMP_IOCTL_NOTIF_RECV, "calls of workers"),
    ALLOW_EQ("ioctl", 1, SECCOMP_IOCTL_NOTIF_SEND, "their answers"),
    ALLOW_EQ("ioctl", 1, SECCOMP_IOCTL_NOTIF_ID_VALID, "whether a caller still waits"),
    ALLOW_EQ("ioctl", 1, SECCOMP_IOCTL_NOTIF_ADDFD, "a socket in place of a worker's"),
    ALLOW_EQ("ioctl", 1, SECCOMP_IOCTL_NOTIF_SET_FLAGS, "which side is woken how"),
#ifdef FIRECURTAIN_SANITIZE
    ALLOW("mprotect", "sanitizers"),
    ALLOW("sigaltstack", "sanitizers"),
    ALLOW("sched_yield", "sanitizers"),
#endif
};
const size_t confine_n_gate_calls = FC_ARRAY_SIZE(confine_gate_calls);
