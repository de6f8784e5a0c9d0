/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One broker for each runtime folder. The lock is POSIX's, which belongs to a process: it ends with it,
 * however it ends, and what the broker forks does not hold it.
 */
#ifndef BROKER_OS_LOCK_H
#define BROKER_OS_LOCK_H

/*
 * Takes the lock of a folder that is the caller's own. A descriptor, which the caller keeps for as long as
 * it wants the lock; -EADDRINUSE, with the reason in the log: somebody else has it; other -errno. Does not
 * block. Nobody in this process may open and close the file "lock" there meanwhile: that would give it up.
 */
int lock_take(const char *folder);

#endif
