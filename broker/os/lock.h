/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One broker per runtime folder. A POSIX lock belongs to a process: it ends with the process in any case, and
 * processes that the broker forks do not hold it.
 */
#ifndef BROKER_OS_LOCK_H
#define BROKER_OS_LOCK_H

/*
 * Takes the lock of a folder that is the caller's own, without blocking. Returns a descriptor, which the
 * caller keeps for as long as the lock; -EADDRINUSE if another broker has it, with the reason in the log; or
 * another -errno. Meanwhile this process must not open and close the file "lock" there, which would give the
 * lock up.
 */
int lock_take(const char *folder);

#endif
