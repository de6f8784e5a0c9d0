/* SPDX-License-Identifier: BSD-2-Clause */
/* Layer "namespaces". */
#ifndef WORKER_SANDBOX_NAMESPACES_H
#define WORKER_SANDBOX_NAMESPACES_H

#include "worker/sandbox/sandbox.h"

/* Returns the namespaces that a worker is born in, as flags for clone3(). */
uint64_t sandbox_namespaces(const struct sandbox *sandbox);

#endif
