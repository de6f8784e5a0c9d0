/* SPDX-License-Identifier: BSD-2-Clause */
/* Definitions of seccomp_unotify(2) that recent kernels have and Debian 12's headers lack. */
#ifndef BROKER_OS_SECCOMP_NOTIFY_H
#define BROKER_OS_SECCOMP_NOTIFY_H

#include <linux/seccomp.h>

#ifndef SECCOMP_IOCTL_NOTIF_ADDFD
#error "the kernel headers are older than Linux 5.9"
#endif

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS      SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

#endif
