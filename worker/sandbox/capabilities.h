/* SPDX-License-Identifier: BSD-2-Clause */
/* Layer "capabilities". */
#ifndef WORKER_SANDBOX_CAPABILITIES_H
#define WORKER_SANDBOX_CAPABILITIES_H

#include "worker/sandbox/sandbox.h"

/*
 * Gives up all capabilities for good, sets no_new_privs, and lets the process end with the broker. 0 or
 * -errno.
 */
int sandbox_capabilities(const struct sandbox *sandbox, struct sandbox_error *error);

#endif
