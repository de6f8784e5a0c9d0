/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many file descriptors are left. Scripts must not make the broker use up the last ones, which a restart,
 * a request to the keeper or a name lookup needs; nor may a worker be started that could not be set up
 * completely.
 */
#ifndef BROKER_BASE_DESCRIPTORS_H
#define BROKER_BASE_DESCRIPTORS_H

#include <stddef.h>

#define DESCRIPTORS_FOR_SCRIPTS 64 /* must be left besides managed sockets and connections under way */
#define DESCRIPTORS_FOR_WORKER  24 /* must be left before a worker starts */

/* Returns 0, or -EMFILE if fewer than `n`, one of the numbers above, are free. Takes some microseconds. */
int descriptors_left(unsigned n);

/*
 * Reads what is there and fits, as text that ends with a NUL. For the nonblocking log of a process that has
 * ended: a pipe holds more than that ever writes.
 */
void descriptor_read_rest(int fd, char *text, size_t bytes);

#endif
