/* SPDX-License-Identifier: BSD-2-Clause */
/* Layer "private root". */
#ifndef WORKER_SANDBOX_ROOT_H
#define WORKER_SANDBOX_ROOT_H

#include "worker/sandbox/sandbox.h"

/*
 * Does the first part of sandbox_root() ahead. *old_root is the caller's: a descriptor (O_PATH) of the old
 * root, or -1 with `leave`. 0 or -errno.
 */
int sandbox_root_prepare(const struct sandbox *sandbox, bool leave, int *old_root,
                         struct sandbox_error *error);

/* Makes the private root with what the instance shows, and drops the old one. 0 or -errno. */
int sandbox_root(const struct sandbox *sandbox, struct sandbox_error *error);

#endif
