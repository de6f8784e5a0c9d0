/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processor time for processes that the keeper starts. Where the kernel shares processors out among sessions
 * (autogroup, sched(7)), each of them gets a share of its own. Runs in the new process.
 */
#ifndef BROKER_OS_AUTOGROUP_H
#define BROKER_OS_AUTOGROUP_H

#include <stdbool.h>

/*
 * Makes a new session for the calling process, which must not lead one. A session that `yields` gets less
 * than routing and the house's instances, if this kernel shares processors out in that way. Without root the
 * kernel allows only one such change in 100 ms, so sessions that must be equal should not use it.
 */
void autogroup_begin(bool yields);

#endif
