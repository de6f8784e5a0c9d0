/* SPDX-License-Identifier: BSD-2-Clause */
/* The layers of a driver's confinement (confine.h) that no other process has. In drivers. */
#ifndef BROKER_OS_CONFINE_DRIVER_H
#define BROKER_OS_CONFINE_DRIVER_H

#include "broker/os/confine.h"

#define CONFINE_DRIVER_MEMORY (256u << 20) /* bytes of address space, libraries included */
#define CONFINE_DRIVER_FILES  128          /* descriptors */

/*
 * Gives the process namespaces of its own, an empty network among them. Without user namespaces, an ordinary
 * user's driver stays in the broker's: then *is_apart is false. 0 or -errno.
 */
int confine_driver_apart(const struct confine_spec *spec, bool *is_apart);

/* Limits memory, descriptors and files for good. 0 or -errno. */
int confine_driver_limits(void);

/* Leaves the process the paths that it needs. 0 or -errno: -ENOSYS and -EOPNOTSUPP without Landlock. */
int confine_driver_landlock(const struct confine_paths *paths);

/* Lets the keeper and the gates take descriptors of the process, which nobody else can. 0 or -errno. */
int confine_driver_show(pid_t keeper);

/*
 * Filters the system calls of the driver for good: only one with devices can control them, and only one that
 * connects has internet sockets; then *listener is the notification descriptor of connect(). 0 or -errno,
 * with the reason in the log.
 */
int confine_driver_filter(const struct confine_paths *paths, int *listener);

#endif
