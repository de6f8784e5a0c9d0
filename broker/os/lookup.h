/* SPDX-License-Identifier: BSD-2-Clause */
/* Who looks names up: without anybody, the process itself, as for `check`. */
#ifndef BROKER_OS_LOOKUP_H
#define BROKER_OS_LOOKUP_H

#include "firecurtain/lookup.h"

struct keeper;

typedef int (*lookup_fn)(struct keeper *keeper, const char *host, const char *port,
                         const struct addrinfo *hints, struct addrinfo **list);

/* From now on this is asked for names, such as keeper_lookup(); NULL: the process itself again. */
void lookup_by(lookup_fn lookup, struct keeper *keeper);

#endif
