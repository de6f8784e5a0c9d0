/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls that the broker makes, an allow-list for all of its threads, and those that only an
 * attacker would try, in the broker or in a gate. Each row has its reason. A call whose arguments matter has
 * one row for each allowed use.
 */
#include "broker/os/confine_calls.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "firecurtain/cleanup.h"
#include "proto/kernel.h"

/* Debian 12's headers lack them. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

const struct confine_call confine_broker_calls[] = {
    ALLOW("brk", "memory"),
    ALLOW("madvise", "memory"),
    ALLOW("mremap", "memory"),
    ALLOW("munmap", "memory"),
    ALLOW_MASK("mmap", 2, PROT_EXEC, 0, "memory, never to be executed"),
    ALLOW_MASK("mprotect", 2, PROT_EXEC, 0, "malloc"),
    ALLOW("futex", "locks of the C library"),
    ALLOW("exit_group", "the end"),
    ALLOW("rt_sigaction", "abort()"),
    ALLOW("rt_sigprocmask", "abort()"),
    ALLOW("rt_sigreturn", "signals"),
    ALLOW("sigaltstack", "sanitizers"),
    ALLOW("restart_syscall", "stopped and continued"),
    ALLOW_EQ("tgkill", 0, CONFINE_SELF, "abort()"),
    ALLOW("getpid", "abort()"),
    ALLOW("gettid", "abort()"),
    ALLOW("uname", "libraries"),
    ALLOW("sysinfo", "qsort()"),
    ALLOW_MASK("prlimit64", 2, UINT64_MAX, 0, "reading the size of stacks; not setting it"),

    ALLOW("getrandom", "secrets of links to the console, numbers of RTP-MIDI"),
    ALLOW("clock_gettime", "time"),
    ALLOW("gettimeofday", "time"),
    ALLOW("clock_nanosleep", "time"),
    ALLOW("nanosleep", "time"),

    ALLOW("read", "pipes of the log, timers, sockets"),
    ALLOW("readv", "sockets"),
    ALLOW("write", "the log"),
    ALLOW("writev", "stdio"),
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
    ALLOW_EQ("fcntl", 1, F_GETFD, "how many descriptors are left"),
    ALLOW_EQ("fcntl", 1, F_GETFL, "sockets"),
    ALLOW_EQ("fcntl", 1, F_SETFL, "pipes, sockets"),
    ALLOW("pipe2", "pipes of the log"),
    ALLOW("inotify_rm_watch", "scripts that have changed"),
    ALLOW_EQ("memfd_create", 1, MFD_CLOEXEC | MFD_ALLOW_SEALING,
             "memory shared with a worker, or for gates; nothing can be executed"),
    ALLOW_EQ("memfd_create", 1, MFD_CLOEXEC | MFD_ALLOW_SEALING | KERNEL_MEMORY_NOEXEC, "the same"),
    ALLOW("ftruncate", "memory shared with a worker; no file is open for writing"),
    ALLOW_EQ("fcntl", 1, F_ADD_SEALS, "memory shared with a worker"),

    ALLOW("epoll_ctl", "the loop"),
    ALLOW("epoll_wait", "the loop"),
    ALLOW("epoll_pwait", "the loop"),
    ALLOW("poll", "the log"),
    ALLOW("ppoll", "the same"),
    ALLOW("timerfd_settime", "the loop"),

    ALLOW_EQ("socket", 0, AF_INET, "OSC, Art-Net, sACN, RTP-MIDI"),
    ALLOW_EQ("socket", 0, AF_INET6, "OSC, sACN, RTP-MIDI"),
    ALLOW_MASK("socketpair", 1, SOCKET_KIND, SOCK_SEQPACKET,
               "zygotes, gates and links of workers; connected for ever"),
    ALLOW("bind", "OSC, Art-Net, sACN, RTP-MIDI"),
    /* by option: one of them makes a pidfd of whoever is at the other end */
    ALLOW_OPTION("getsockopt", SOL_SOCKET, SO_TYPE, "managed sockets"),
    ALLOW_OPTION("getsockopt", SOL_SOCKET, SO_DOMAIN, "managed sockets"),
    ALLOW_OPTION("getsockopt", SOL_SOCKET, SO_COOKIE, "managed sockets"),
    ALLOW_OPTION("getsockopt", SOL_SOCKET, SO_NETNS_COOKIE, "managed sockets"),
    ALLOW_OPTION("setsockopt", SOL_SOCKET, SO_BROADCAST, "OSC, Art-Net"),
    ALLOW_OPTION("setsockopt", IPPROTO_IPV6, IPV6_V6ONLY, "OSC, sACN, RTP-MIDI"),
    ALLOW_OPTION("setsockopt", SOL_SOCKET, SO_REUSEADDR, "sACN: several sockets have its port"),
    ALLOW_OPTION("setsockopt", SOL_SOCKET, SO_BINDTODEVICE, "sACN: the interface for multicast"),
    ALLOW_OPTION("getsockopt", SOL_SOCKET, SO_BINDTOIFINDEX, "the same"),
    ALLOW_OPTION("setsockopt", CONFINE_IP, IP_MULTICAST_IF, "the same"),
    ALLOW_OPTION("setsockopt", IPPROTO_IPV6, IPV6_MULTICAST_IF, "the same"),
    ALLOW_OPTION("setsockopt", CONFINE_IP, IP_MULTICAST_ALL, "sACN: only the groups of the socket"),
    ALLOW_OPTION("setsockopt", IPPROTO_IPV6, IPV6_MULTICAST_ALL, "the same"),
    ALLOW_OPTION("setsockopt", CONFINE_IP, IP_MULTICAST_TTL, "sACN: how far multicast goes"),
    ALLOW_OPTION("setsockopt", IPPROTO_IPV6, IPV6_MULTICAST_HOPS, "the same"),
    ALLOW_OPTION("setsockopt", CONFINE_IP, IP_MULTICAST_LOOP, "the same, to this machine"),
    ALLOW_OPTION("setsockopt", IPPROTO_IPV6, IPV6_MULTICAST_LOOP, "the same"),
    ALLOW_OPTION("setsockopt", CONFINE_IP, IP_ADD_MEMBERSHIP, "sACN: groups"),
    ALLOW_OPTION("setsockopt", CONFINE_IP, IP_DROP_MEMBERSHIP, "the same"),
    ALLOW_OPTION("setsockopt", IPPROTO_IPV6, IPV6_JOIN_GROUP, "the same"),
    ALLOW_OPTION("setsockopt", IPPROTO_IPV6, IPV6_LEAVE_GROUP, "the same"),
    ALLOW_OPTION("setsockopt", CONFINE_IP, IP_PKTINFO, "Art-Net: the address that a poll came to"),
    ALLOW_OPTION("setsockopt", SOL_SOCKET, SO_SNDBUF, "links"),
    ALLOW_OPTION("setsockopt", SOL_SOCKET, SO_PASSRIGHTS, "links"),
    ALLOW_OPTION("setsockopt", SOL_SOCKET, SO_PASSCRED, "the end of links, before Linux 6.16"),
    ALLOW_EQ("shutdown", 1, SHUT_RD, "the same"),
    ALLOW("sendto", "OSC, Art-Net, sACN, RTP-MIDI, links"),
    ALLOW("recvfrom", "OSC, sACN, RTP-MIDI, links"),
    ALLOW("sendmsg", "the keeper, zygotes, gates"),
    ALLOW("recvmsg", "the keeper, gates, Art-Net"),

    ALLOW("waitid", "workers"),
    ALLOW("wait4", "zygotes"),
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
const size_t confine_n_broker_calls = FC_ARRAY_SIZE(confine_broker_calls);

const char *const confine_refused_calls[] = {
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
    "pidfd_open",
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
const size_t confine_n_refused_calls = FC_ARRAY_SIZE(confine_refused_calls);
