/* SPDX-License-Identifier: BSD-2-Clause */
/* Layer "Landlock". */
#ifndef WORKER_SANDBOX_LANDLOCK_H
#define WORKER_SANDBOX_LANDLOCK_H

#include "worker/sandbox/sandbox.h"

/* Restricts files, TCP ports, abstract sockets and signals as far as the kernel can. 0 or -errno. */
int sandbox_landlock(const struct sandbox *sandbox, struct sandbox_error *error);

#endif
