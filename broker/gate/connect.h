/* SPDX-License-Identifier: BSD-2-Clause */
/* connect(), and the connections of blocking callers that are being made. */
#ifndef BROKER_GATE_CONNECT_H
#define BROKER_GATE_CONNECT_H

#include "broker/gate/private.h"

/* Carries out connect(): a gate_call_fn. */
int gate_connect(struct gate_worker *worker, const struct seccomp_notif *call, int64_t *result);

/* Closes the connections that are being made; their callers get no answer. */
void gate_drop_pending(struct gate_worker *worker);

/* Answers callers that wait with EINTR, because a signal is coming. NULL is fine. */
void gate_interrupt(struct gate_worker *worker);

#endif
