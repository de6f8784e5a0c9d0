/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many descriptors are left. What scripts make the broker hold stops before the last ones, which a
 * restart, a request to the keeper or a name lookup needs; so does a new worker, which would get stuck half
 * made.
 */
#ifndef BROKER_BASE_DESCRIPTORS_H
#define BROKER_BASE_DESCRIPTORS_H

#define DESCRIPTORS_FOR_SCRIPTS 64 /* left over by managed sockets, and by connections under way */
#define DESCRIPTORS_FOR_WORKER  24 /* left over before a worker starts */

/* 0, or -EMFILE if fewer than `n`, one of the numbers above, are free. Some microseconds. */
int descriptors_left(unsigned n);

#endif
