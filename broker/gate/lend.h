/* SPDX-License-Identifier: BSD-2-Clause */
/* Bound sockets, passed from one worker of a script to its successor. Runs in the gate. */
#ifndef BROKER_GATE_LEND_H
#define BROKER_GATE_LEND_H

#include "broker/gate/worker.h"

/* Returns a duplicate of a socket that the worker has bound to `name`, or -EADDRINUSE. */
int gate_lend(struct gate_worker *worker, const struct gate_name *name);

#endif
