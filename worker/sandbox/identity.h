/* SPDX-License-Identifier: BSD-2-Clause */
/* Layer "identity". */
#ifndef WORKER_SANDBOX_IDENTITY_H
#define WORKER_SANDBOX_IDENTITY_H

#include "worker/sandbox/sandbox.h"

/*
 * Maps one uid and gid in the new user namespace, and gives the process a process group and a host name.
 * Refuses to be the host's root. Does nothing if it is prepared. 0 or -errno.
 */
int sandbox_identity(const struct sandbox *sandbox, struct sandbox_error *error);

#endif
