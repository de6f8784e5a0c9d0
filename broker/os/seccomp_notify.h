/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications of seccomp_unotify(2): what Debian 12's headers lack, and how to recognise a descriptor. */
#ifndef BROKER_OS_SECCOMP_NOTIFY_H
#define BROKER_OS_SECCOMP_NOTIFY_H

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>

#ifndef SECCOMP_IOCTL_NOTIF_ADDFD
#error "the kernel headers are older than Linux 5.9"
#endif

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS      SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

/* Returns whether a descriptor receives notifications of a filter. */
static inline bool seccomp_notify_is(int fd)
{
    uint64_t none = 0;

    return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &none) < 0 && errno == ENOENT;
}

#endif
