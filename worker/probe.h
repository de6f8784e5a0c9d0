/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `firecurtain check --sandbox`, the worker's part: which layers of the sandbox hold. A probed worker sets up
 * all layers as every worker does, but runs no script. It writes a line per layer to stdout,
 *
 *     LAYER \t holds|absent|fails \t TEXT
 *
 * after trying, where possible, something that only this layer prevents.
 */
#ifndef WORKER_PROBE_H
#define WORKER_PROBE_H

#include "worker/sandbox/sandbox.h"

/*
 * Reports on the namespaces. Call this first: later the settings that explain why there are none cannot be
 * read. `refused` is that of struct worker_birth.
 */
void probe_namespaces(const struct sandbox *sandbox, int refused);

/* Reports that a layer of sandbox_enter() is set up; has the type of `passed` in struct sandbox. */
void probe_passed(const struct sandbox *sandbox, const char *layer);

/* Reports on the system call filter, once it is loaded and a gate serves it. */
void probe_filter(void);

/* Reports the layer that cannot be set up, which ends this worker. */
void probe_failed(const struct sandbox_error *error);

#endif
