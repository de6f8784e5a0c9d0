/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's operation that looks a name up. Runs in the keeper, and in a process for each lookup. */
#ifndef BROKER_KEEPER_LOOKUP_H
#define BROKER_KEEPER_LOOKUP_H

#include "broker/keeper/private.h"

/* Returns what getaddrinfo() does, and fills in the reply's addresses. */
int keeper_do_lookup(struct keeper_call *call);

#endif
