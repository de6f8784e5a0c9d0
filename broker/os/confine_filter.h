/* SPDX-License-Identifier: BSD-2-Clause */
/* Which system calls the broker, or a gate, can still make: a layer of confine.h. */
#ifndef BROKER_OS_CONFINE_FILTER_H
#define BROKER_OS_CONFINE_FILTER_H

#include <stddef.h>

struct confine_call;

/*
 * Leaves all threads of this process the calls of a table (confine_calls.h), for good. 0 or -errno, with the
 * reason in the log.
 */
int confine_filter(const struct confine_call *calls, size_t n);

/* The same for a table with calls about which somebody is asked: *listener is the notification descriptor. */
int confine_filter_asking(const struct confine_call *calls, size_t n, int *listener);

#endif
