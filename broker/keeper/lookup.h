/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's operation that looks a name up. Runs in the keeper, and in a process for each lookup. */
#ifndef BROKER_KEEPER_LOOKUP_H
#define BROKER_KEEPER_LOOKUP_H

#include "broker/keeper/private.h"

/* Begins a lookup and hands out the pipe from which its answer (lookup_answer.h) will be read. */
int keeper_do_lookup(struct keeper_call *call);

/* Has processes that have looked a name up waited for as soon as they end. */
void keeper_reap_lookups(void);

/* Ends all of them. */
void keeper_end_lookups(void);

#endif
