/* SPDX-License-Identifier: BSD-2-Clause */
/* The layers of the desk's self-confinement (confine.h) that no other process has. In the desk. */
#ifndef BROKER_OS_CONFINE_DESK_H
#define BROKER_OS_CONFINE_DESK_H

#define CONFINE_DESK_MEMORY (384u << 20) /* bytes of address space, libraries included */
#define CONFINE_DESK_FILES  512          /* descriptors; the guard lets in fewer connections */

/* Limits memory, descriptors and files for good. 0 or -errno. */
int confine_desk_limits(void);

/* Filters the system calls of all threads of the desk for good. 0 or -errno, with the reason in the log. */
int confine_desk_filter(void);

#endif
