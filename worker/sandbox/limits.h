/* SPDX-License-Identifier: BSD-2-Clause */
/* Layer "limits". */
#ifndef WORKER_SANDBOX_LIMITS_H
#define WORKER_SANDBOX_LIMITS_H

#include "worker/sandbox/sandbox.h"

/* Sets the resource limits. 0 or -errno. */
int sandbox_limits(const struct sandbox *sandbox, struct sandbox_error *error);

#endif
