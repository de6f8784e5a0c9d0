/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Included first by what defines functions of the C library: its headers must neither define them themselves
 * (fortified forms) nor give them the names of others (statvfs64 for statvfs).
 */
#ifndef WORKER_LIBC_NAMES_H
#define WORKER_LIBC_NAMES_H

#undef _FORTIFY_SOURCE
#undef _FILE_OFFSET_BITS

#endif
