/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sessions of processes that the keeper starts: where the kernel shares processors out among sessions
 * (autogroup, sched(7)), each of them has a part of its own.
 */
#ifndef BROKER_OS_AUTOGROUP_H
#define BROKER_OS_AUTOGROUP_H

#include <stdbool.h>

/*
 * A new session for the calling process, which leads none. One that `yields` has less of the processors than
 * routing and the house's instances, if this kernel shares them out in that way. Without root, the kernel
 * lets one session in 100 ms change that: not for what is to be equal.
 */
void autogroup_begin(bool yields);

#endif
