/* SPDX-License-Identifier: BSD-2-Clause */
/* Which system calls the broker can still make: a layer of confine.h. */
#ifndef BROKER_OS_CONFINE_SECCOMP_H
#define BROKER_OS_CONFINE_SECCOMP_H

/* Filters the system calls of all threads of the broker for good. 0 or -errno, with the reason in the log. */
int confine_seccomp(void);

#endif
