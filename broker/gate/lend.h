/* SPDX-License-Identifier: BSD-2-Clause */
/* Bound sockets, passed from one worker of a script to its successor. */
#ifndef BROKER_GATE_LEND_H
#define BROKER_GATE_LEND_H

#include "broker/gate/private.h"

/*
 * Notes that the worker's descriptor `target` is now the bound socket `own`. Without memory it is not noted,
 * and a successor will not find it.
 */
void gate_note_bound(struct gate *gate, int target, int own, const struct gate_name *name);

/* Returns a duplicate of the socket that the worker has bound to `name`, or -EADDRINUSE. NULL is fine. */
int gate_lend(struct gate *gate, const struct gate_name *name);

#endif
