/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of the private folder that a worker has deleted and not closed: their blocks are still taken, and no
 * folder has them, so the counter (keeper/counter.h) does not see them. The filter tells the gate of each
 * call that can delete a file; the gate looks at the worker's descriptors soon after that, and again while
 * there are such files. Runs in the gate.
 */
#ifndef BROKER_GATE_DELETED_H
#define BROKER_GATE_DELETED_H

#include "broker/gate/private.h"

/* Prepares a worker, whose loop is known. */
void deleted_init(struct gate_worker *worker);

void deleted_deinit(struct gate_worker *worker);

/* unlink(), rename(): looks soon, and has the kernel carry it out. */
int gate_delete(struct gate_worker *worker, const struct seccomp_notif *call, int64_t *result);

#endif
