/* SPDX-License-Identifier: BSD-2-Clause */
/* Namespaces, limits, paths, and system calls of drivers, and why. */
#include "broker/os/confine_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/os/confine_calls.h"
#include "broker/os/confine_filter.h"
#include "broker/os/confine_limits.h"
#include "firecurtain/cleanup.h"
#include "proto/landlock.h"

#define DRIVER_NAMESPACES (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

static const struct confine_call driver_calls[] = {
    ALLOW("brk", "memory"),
    ALLOW("madvise", "memory"),
    ALLOW("mremap", "memory"),
    ALLOW("munmap", "memory"),
    ALLOW_MASK("mmap", 2, PROT_EXEC, 0, "memory, never to be executed"),
    ALLOW_MASK("mprotect", 2, PROT_EXEC, 0, "malloc"),
    ALLOW("futex", "locks of libraries"),
    ALLOW("exit_group", "the end"),
    ALLOW("rt_sigaction", "abort()"),
    ALLOW("rt_sigprocmask", "abort()"),
    ALLOW("rt_sigreturn", "signals"),
    ALLOW("sigaltstack", "sanitizers"),
    ALLOW("restart_syscall", "stopped and continued"),
    ALLOW_EQ("tgkill", 0, CONFINE_SELF, "abort()"),
    ALLOW("getpid", "abort(), libraries"),
    ALLOW("gettid", "abort()"),
    ALLOW("getrandom", "libraries"),
    ALLOW("uname", "libraries"),
    ALLOW("sysinfo", "qsort()"),
    ALLOW_MASK("prlimit64", 2, UINT64_MAX, 0, "reading the size of stacks; not setting it"),

    ALLOW("clock_gettime", "time, where the vDSO does not answer"),
    ALLOW("gettimeofday", "the same"),

    ALLOW("read", "timers, devices, files"),
    ALLOW("readv", "the same"),
    ALLOW("write", "the log, devices"),
    ALLOW("writev", "stdio"),
    ALLOW("lseek", "stdio"),
    ALLOW("close", "descriptors"),
    ALLOW("fstat", "files"),
    ALLOW("newfstatat", "files; by path too, says nothing but sizes"),
    ALLOW("statx", "the same"),
    ALLOW_MASK("openat", 2, O_CREAT | O_TRUNC, 0, "devices and files; Landlock says which"),
    ALLOW_MASK("open", 1, O_CREAT | O_TRUNC, 0, "the same"),
    ALLOW_EQ("fcntl", 1, F_DUPFD_CLOEXEC, "the descriptor of the filter"),
    ALLOW_EQ("fcntl", 1, F_GETFD, "libraries"),
    ALLOW_EQ("fcntl", 1, F_SETFD, "libraries"),
    ALLOW_EQ("fcntl", 1, F_GETFL, "libraries"),
    ALLOW_EQ("fcntl", 1, F_SETFL, "libraries"),

    ALLOW("epoll_ctl", "the loop"),
    ALLOW("epoll_wait", "the loop"),
    ALLOW("epoll_pwait", "the loop"),
    ALLOW("poll", "the log, libraries"),
    ALLOW("ppoll", "the same"),
    ALLOW("timerfd_settime", "the loop"),

    ALLOW("sendto", "the link, sockets"),
    ALLOW("recvfrom", "the link, sockets"),
    /* of no use without sockets, which only those drivers can make that connect */
    ALLOW("sendmsg", "sockets"),
    ALLOW("recvmsg", "sockets"),
    ALLOW("shutdown", "sockets"),
    ALLOW("getsockname", "sockets"),
    ALLOW("getpeername", "sockets"),
    ALLOW("setsockopt", "sockets"),
    ALLOW_OPTION("getsockopt", SOL_SOCKET, SO_ERROR, "whether a connection was made"),
#ifdef FIRECURTAIN_SANITIZE
    ALLOW("clone", "the leak sanitizer stops all threads from a process of its own"),
    ALLOW("getppid", "the same"),
    ALLOW("getdents64", "the same"),
    ALLOW("readlink", "the same"),
    ALLOW("ptrace", "the same"),
    ALLOW("prctl", "the same"),
    ALLOW("mprotect", "the same"),
    ALLOW("wait4", "the same"),
    ALLOW("rt_sigtimedwait", "the same"),
#endif
};

#define IOCTL_TYPE    0xff00u /* bits of an ioctl's number: what kind of device it is for */
#define IOCTL_READ    (2u << 30)
#define IOCTL_READS   (3u << 30 | IOCTL_TYPE) /* and whether it only reads */
#define IOCTL(letter) ((uint64_t)(letter) << 8)

/* In addition, for a driver that has devices. */
static const struct confine_call driver_device_calls[] = {
    ALLOW_MASK("ioctl", 1, IOCTL_READS, IOCTL_READ | IOCTL('E'), "evdev: what a device is, and its state"),
    ALLOW_EQ("ioctl", 1, EVIOCGRAB, "evdev: having a device to itself"),
    ALLOW_MASK("ioctl", 1, IOCTL_TYPE, IOCTL('S'),
               "the ALSA sequencer: ports, connections, and lists of them"),
    ALLOW_MASK("ioctl", 1, IOCTL_TYPE, IOCTL('U'), "uinput: making a device"),
    ALLOW("getdents64", "devices that come and go"),
    ALLOW_EQ("inotify_init1", 0, IN_NONBLOCK | IN_CLOEXEC, "the same"),
    ALLOW("inotify_add_watch", "the same"),
};

/* In addition, for a driver that connects to hosts. */
static const struct confine_call driver_network_calls[] = {
    ALLOW_EQ("socket", 0, AF_INET, "connections"),
    ALLOW_EQ("socket", 0, AF_INET6, "connections"),
    ALLOW_MASK("socketpair", 1, SOCKET_KIND, SOCK_STREAM, "libmosquitto"),
    ASK("connect", "the gate connects to the hosts of the instance, and to no other"),
};

static int driver_write(const char *path, const char *text)
{
    FC_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* Stays who it is in the new user namespace. */
static int driver_map(uid_t uid, gid_t gid)
{
    char map[64];
    int r = driver_write("/proc/self/setgroups", "deny");

    snprintf(map, sizeof(map), "%u %u 1", uid, uid);
    if (r == 0)
        r = driver_write("/proc/self/uid_map", map);
    snprintf(map, sizeof(map), "%u %u 1", gid, gid);
    return r < 0 ? r : driver_write("/proc/self/gid_map", map);
}

int confine_driver_apart(const struct confine_spec *spec, bool *is_apart)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();

    *is_apart = unshare(DRIVER_NAMESPACES | (spec->is_root ? 0 : CLONE_NEWUSER)) == 0;
    if (!*is_apart) /* a container's root may not be allowed to, either; everything else holds there, too */
        return errno == EPERM || errno == ENOSPC || errno == EUSERS ? 0 : -errno;
    return spec->is_root ? 0 : driver_map(uid, gid);
}

int confine_driver_limits(void)
{
    static const struct confine_limit limits[] = {
        {RLIMIT_NOFILE, CONFINE_DRIVER_FILES},
        {RLIMIT_FSIZE, 0},
        {RLIMIT_MEMLOCK, 0},
        {RLIMIT_RTPRIO, 0},
        {RLIMIT_NICE, 0},
#ifndef FIRECURTAIN_SANITIZE /* whose shadow memory is address space */
        {RLIMIT_AS, CONFINE_DRIVER_MEMORY},
#endif
    };

    return confine_limit(limits, FC_ARRAY_SIZE(limits));
}

/* A path that does not exist need not be allowed: opening it fails all the same. */
static int driver_allow(int ruleset, const char *path, uint64_t rights)
{
    FC_AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);

    return fd < 0 ? 0 : landlock_allow(ruleset, fd, rights);
}

int confine_driver_landlock(const struct confine_paths *paths)
{
    const uint64_t device = LANDLOCK_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_RIGHT_IOCTL_DEVICE;
    FC_AUTO_CLOSE int ruleset = landlock_new(LANDLOCK_ABSTRACT_SOCKETS | LANDLOCK_SIGNALS | LANDLOCK_TCP);
    int r = ruleset < 0 ? ruleset : 0;

    for (size_t i = 0; r == 0 && i < paths->n; i++)
        r = driver_allow(ruleset, paths->list[i].path, paths->list[i].is_device ? device : LANDLOCK_READ);
#ifdef FIRECURTAIN_SANITIZE
    if (r == 0)
        r = driver_allow(ruleset, "/proc", LANDLOCK_READ); /* where the leak sanitizer looks at the end */
#endif
    return r < 0 ? r : landlock_restrict(ruleset);
}

int confine_driver_show(pid_t keeper)
{
    /* Yama allows it only to ancestors, or with capabilities in the namespace */
    if (prctl(PR_SET_PTRACER, (unsigned long)keeper, 0, 0, 0) < 0 && errno != EINVAL)
        return -errno;
    return prctl(PR_SET_DUMPABLE, 1) < 0 ? -errno : 0;
}

static bool driver_has_devices(const struct confine_paths *paths)
{
    for (size_t i = 0; i < paths->n; i++) {
        if (paths->list[i].is_device)
            return true;
    }
    return false;
}

int confine_driver_filter(const struct confine_paths *paths, int *listener)
{
    struct confine_call calls[FC_ARRAY_SIZE(driver_calls) + FC_ARRAY_SIZE(driver_device_calls) +
                              FC_ARRAY_SIZE(driver_network_calls)];
    struct confine_call *end = mempcpy(calls, driver_calls, sizeof(driver_calls));

    if (driver_has_devices(paths))
        end = mempcpy(end, driver_device_calls, sizeof(driver_device_calls));
    if (paths->connects)
        end = mempcpy(end, driver_network_calls, sizeof(driver_network_calls));
    return confine_filter_asking(calls, (size_t)(end - calls), paths->connects ? listener : NULL);
}
