/* SPDX-License-Identifier: BSD-2-Clause */
/* Which files the broker, and a process that looks up a name, can still read: a layer of confine.h. */
#ifndef BROKER_OS_CONFINE_LANDLOCK_H
#define BROKER_OS_CONFINE_LANDLOCK_H

#include <stddef.h>

/*
 * Leaves the calling thread the right to read below `readable`, and nothing else. 0 or -errno: -ENOSYS and
 * -EOPNOTSUPP if the kernel has no Landlock.
 */
int confine_landlock_broker(const char *const *readable, size_t n_readable);

/* Leaves the right to read what turning a name into an address takes. As above. */
int confine_landlock_lookup(void);

/* Forbids all files, TCP, abstract sockets and signals to other processes: for the desk. 0 or -errno. */
int confine_landlock_nothing(void);

#endif
