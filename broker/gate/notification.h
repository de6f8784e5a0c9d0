/* SPDX-License-Identifier: BSD-2-Clause */
/* One system call that waits for its answer: a notification of seccomp_unotify(2). */
#ifndef BROKER_GATE_NOTIFICATION_H
#define BROKER_GATE_NOTIFICATION_H

#include "broker/gate/private.h"

/* Answers a caller: with `result`, or with `error` (negative) if that is not 0. */
void gate_answer(struct gate_worker *worker, uint64_t id, int error, int64_t result);

/* Has the kernel carry out the call after all, as the worker's own. */
void gate_continue(struct gate_worker *worker, uint64_t id);

/* Returns whether the caller still waits: only then was the memory read before really its own. */
bool gate_is_valid(const struct gate_worker *worker, uint64_t id);

/*
 * Copies from the worker's memory. 0 or -EFAULT. Before what was copied is used, it must be asked whether the
 * caller still waits: by gate_is_valid(), or by a gate_read() that comes later.
 */
int gate_copy(const struct gate_worker *worker, uint64_t address, void *bytes, size_t n_bytes);

/* Copies from the caller's memory. 0, -EFAULT, or -ESRCH if the caller no longer waits. */
int gate_read(const struct gate_worker *worker, const struct seccomp_notif *call, uint64_t address,
              void *bytes, size_t n_bytes);

/* Logs what was refused, at a limited rate and no faster than the instance's log-rate. */
void gate_log(struct gate_worker *worker, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
