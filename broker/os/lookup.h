/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks names up for backends and policies (firecurtain/lookup.h): in this process, as for `check`, or
 * through the keeper once the broker is confined.
 */
#ifndef BROKER_OS_LOOKUP_H
#define BROKER_OS_LOOKUP_H

#include "firecurtain/lookup.h"

struct keeper;

typedef int (*lookup_fn)(struct keeper *keeper, const char *host, const char *port,
                         const struct addrinfo *hints, struct addrinfo **list);

/*
 * Makes fc_lookup() ask `lookup`, such as keeper_lookup(), from now on; with NULL, this process itself again.
 */
void lookup_by(lookup_fn lookup, struct keeper *keeper);

#endif
