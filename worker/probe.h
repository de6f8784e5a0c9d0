/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `firecurtain check --sandbox` asks a worker: which layers hold. A probed worker goes through all of
 * them as every worker does, and runs no script; it writes a line per layer to stdout,
 *
 *     LAYER \t holds|absent|fails \t TEXT
 *
 * after having tried, where that is possible, something that only the layer stands against.
 */
#ifndef WORKER_PROBE_H
#define WORKER_PROBE_H

#include "worker/sandbox/sandbox.h"

/* Before anything else: why there are no namespaces can be read only now. `refused` as in worker_run(). */
void probe_namespaces(const struct sandbox *sandbox, int refused);

/* A layer of sandbox_enter() is up; fits `passed` of struct sandbox. */
void probe_passed(const struct sandbox *sandbox, const char *layer);

/* The system call filter is loaded, and the broker watches it. */
void probe_filter(void);

/* The layer that ends this worker. */
void probe_failed(const struct sandbox_error *error);

#endif
