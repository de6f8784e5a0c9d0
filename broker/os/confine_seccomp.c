/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layer "system calls" of the broker's self-confinement: an allow-list for all of its threads. Calls that are
 * not on it fail with ENOSYS, so a library that tries something new falls back and the show goes on; calls
 * that only an attacker would try fail with EPERM. The kernel's log has a line for either.
 *
 * Each row has its reason. A call whose arguments matter has one row for each allowed use.
 */
#include "broker/os/confine_seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/os/seccomp_notify.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"

#define SECCOMP_DEFAULT SCMP_ACT_ERRNO(ENOSYS)

/* As a value: the pid of this process. */
#define SECCOMP_SELF UINT32_MAX

struct seccomp_row {
    const char *name;
    int arg; /* -1: any arguments */
    uint64_t mask;
    uint64_t value;
    const char *reason;
};

#define ALLOW(name, reason)                                                                                  \
    {                                                                                                        \
        name, -1, 0, 0, reason                                                                               \
    }
#define ALLOW_EQ(name, arg, value, reason)                                                                   \
    {                                                                                                        \
        name, arg, UINT32_MAX, value, reason                                                                 \
    } /* of an int */
#define ALLOW_MASK(name, arg, mask, value, reason)                                                           \
    {                                                                                                        \
        name, arg, mask, value, reason                                                                       \
    }

#define SOCKET_KIND 0xfu /* of socket()'s type, without its flags */

static const struct seccomp_row seccomp_allowed[] = {
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
    ALLOW("sched_getaffinity", "threads: how many arenas malloc wants"),
    ALLOW_EQ("prctl", 0, PR_SET_NAME, "libzmq names its threads"),
    ALLOW("exit", "a thread's end"),
    ALLOW("exit_group", "the end"),
    ALLOW("rt_sigaction", "abort()"),
    ALLOW("rt_sigprocmask", "threads, abort()"),
    ALLOW("rt_sigreturn", "signals"),
    ALLOW("sigaltstack", "threads, with sanitizers"),
    ALLOW("restart_syscall", "stopped and continued"),
    ALLOW_EQ("tgkill", 0, SECCOMP_SELF, "abort()"),
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
    ALLOW("clock_nanosleep", "time"),
    ALLOW("nanosleep", "time"),

    ALLOW("read", "pipes of the log, timers, sockets"),
    ALLOW("readv", "sockets"),
    ALLOW("write", "the log, eventfds, sockets"),
    ALLOW("writev", "stdio"),
    ALLOW("pread64", "a worker's memory, for the gate"),
    ALLOW("lseek", "stdio"),
    ALLOW("close", "descriptors"),
    ALLOW("fstat", "descriptors"),
    ALLOW("newfstatat", "realpath() of a new configuration; by path too, says nothing but sizes"),
    ALLOW("statx", "the same"),
    ALLOW("stat", "the same"),
    ALLOW("lstat", "the same"),
    ALLOW("readlink", "realpath() of a new configuration"),
    ALLOW("readlinkat", "the same"),
    ALLOW("getcwd", "the same"),
    ALLOW("access", "the same"),
    ALLOW("faccessat", "the same"),
    ALLOW("faccessat2", "the same"),
    ALLOW_MASK("openat", 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY, "reading; Landlock says what"),
    ALLOW_MASK("open", 1, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY, "the same"),
    ALLOW_EQ("fcntl", 1, F_DUPFD_CLOEXEC, "descriptors for the zygote"),
    ALLOW_EQ("fcntl", 1, F_GETFD, "libzmq"),
    ALLOW_EQ("fcntl", 1, F_SETFD, "libzmq"),
    ALLOW_EQ("fcntl", 1, F_GETFL, "sockets"),
    ALLOW_EQ("fcntl", 1, F_SETFL, "pipes, sockets"),
    ALLOW("pipe2", "pipes of the log"),
    ALLOW("inotify_rm_watch", "scripts that have changed"),
    ALLOW_EQ("memfd_create", 1, MFD_CLOEXEC | MFD_ALLOW_SEALING,
             "memory shared with a worker; nothing can be executed"),
    ALLOW("ftruncate", "memory shared with a worker; no file is open for writing"),
    ALLOW_EQ("fcntl", 1, F_ADD_SEALS, "memory shared with a worker"),

    ALLOW("epoll_create1", "libzmq's threads"),
    ALLOW("epoll_ctl", "the loop"),
    ALLOW("epoll_wait", "the loop"),
    ALLOW("epoll_pwait", "the loop"),
    ALLOW("poll", "the log, the gate, libzmq"),
    ALLOW("ppoll", "the same"),
    ALLOW("eventfd2", "libzmq"),
    ALLOW("timerfd_settime", "the loop"),

    ALLOW_EQ("socket", 0, AF_INET, "OSC, the gate"),
    ALLOW_EQ("socket", 0, AF_INET6, "OSC, the gate"),
    ALLOW_MASK("socketpair", 1, SOCKET_KIND, SOCK_SEQPACKET,
               "zygotes and links of workers; connected for ever"),
    ALLOW("bind", "OSC, the gate"),
    ALLOW("connect", "the gate"),
    ALLOW("listen", "the gate"),
    ALLOW("accept", "libzmq"),
    ALLOW("accept4", "libzmq"),
    ALLOW("getsockname", "the gate, libzmq"),
    ALLOW("getpeername", "libzmq: who the worker is"),
    ALLOW("getsockopt", "the gate, libzmq"),
    ALLOW("setsockopt", "the gate, OSC, libzmq"),
    ALLOW("shutdown", "libzmq"),
    ALLOW("sendto", "OSC, the gate, libzmq"),
    ALLOW("recvfrom", "OSC, libzmq"),
    ALLOW("sendmsg", "the keeper, the zygote"),
    ALLOW("recvmsg", "the keeper"),

    ALLOW("waitid", "workers"),
    ALLOW("wait4", "zygotes"),
    ALLOW("pidfd_open", "workers; only to wait for them"),
    ALLOW_EQ("ioctl", 1, SECCOMP_IOCTL_NOTIF_RECV, "the gate"),
    ALLOW_EQ("ioctl", 1, SECCOMP_IOCTL_NOTIF_SEND, "the gate"),
    ALLOW_EQ("ioctl", 1, SECCOMP_IOCTL_NOTIF_ID_VALID, "the gate"),
    ALLOW_EQ("ioctl", 1, SECCOMP_IOCTL_NOTIF_ADDFD, "the gate"),
    ALLOW_EQ("ioctl", 1, SECCOMP_IOCTL_NOTIF_SET_FLAGS, "the gate; who is woken how"),
#ifdef FIRECURTAIN_SANITIZE
    ALLOW("clone", "the leak sanitizer stops all threads from a process of its own"),
    ALLOW("getppid", "the same"),
    ALLOW("getdents64", "the same"),
    ALLOW("getdents", "the same"),
    ALLOW("ptrace", "the same"),
    ALLOW("prctl", "the same"),
    ALLOW("mprotect", "the same"),
    ALLOW("rt_sigtimedwait", "the same"),
#endif
};

/* Typical first steps of an attacker, even those that would fail for lack of a right. */
static const char *const seccomp_refused[] = {
    "execve",
    "execveat",
    "fork",
    "vfork",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "open_tree",
    "move_mount",
    "fsopen",
    "fsmount",
    "mount_setattr",
    "setns",
    "unshare",
    "bpf",
    "io_uring_setup",
    "userfaultfd",
    "perf_event_open",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "keyctl",
    "add_key",
    "request_key",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "kill",
    "tkill",
    "pidfd_send_signal",
    "rt_sigqueueinfo",
    "setuid",
    "setresuid",
    "setreuid",
    "setgid",
    "setresgid",
    "setgroups",
    "capset",
    "chmod",
    "fchmod",
    "fchmodat",
    "chown",
    "fchown",
    "lchown",
    "fchownat",
    "unlink",
    "unlinkat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "mknod",
    "mknodat",
    "truncate",
    "creat",
    "open_by_handle_at",
#ifndef FIRECURTAIN_SANITIZE
    "ptrace",
#endif
};

static int seccomp_allow(scmp_filter_ctx filter, const struct seccomp_row *row)
{
    int number = seccomp_syscall_resolve_name(row->name);
    uint64_t value = row->value == SECCOMP_SELF ? (uint64_t)getpid() : row->value;

    if (number < 0)
        return 0; /* not on this architecture */
    if (row->arg < 0)
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
                            SCMP_CMP64((unsigned)row->arg, SCMP_CMP_MASKED_EQ, row->mask, value));
}

static int seccomp_fill(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(seccomp_allowed); i++) {
        int r = seccomp_allow(filter, &seccomp_allowed[i]);

        if (r < 0) {
            fc_log(FC_LOG_ERROR, NULL, "system call filter: the row %s", seccomp_allowed[i].name);
            return r;
        }
    }
    for (size_t i = 0; i < FC_ARRAY_SIZE(seccomp_refused); i++) {
        int number = seccomp_syscall_resolve_name(seccomp_refused[i]);
        int r = number < 0 ? 0 : seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);

        if (r < 0) {
            fc_log(FC_LOG_ERROR, NULL, "system call filter: the row %s", seccomp_refused[i]);
            return r;
        }
    }
    return 0;
}

int confine_seccomp(void)
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
        r = seccomp_fill(filter);
    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    return r;
}
