/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Says in the log that a network fails, once, and that it works again. For backends with sockets; used in the
 * broker.
 */
#ifndef BROKER_BACKENDS_NET_FAILURE_H
#define BROKER_BACKENDS_NET_FAILURE_H

#include <stddef.h>
#include <stdint.h>

#include "firecurtain/backend.h"

struct net_failure {
    size_t n;         /* since it was said; 0: there is none */
    uint64_t last_ns; /* when it failed last */
};

/* Notes that something fails: `what` is not possible, because of an errno. */
void net_failure_note(struct net_failure *failure, const struct fc_instance *instance, const char *what,
                      int error);

/* Notes that something works. The failure is over after five seconds in which nothing has failed. */
void net_failure_works(struct net_failure *failure, const struct fc_instance *instance);

#endif
