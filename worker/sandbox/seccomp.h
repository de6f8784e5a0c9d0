/* SPDX-License-Identifier: BSD-2-Clause */
/* Layer "system calls". */
#ifndef WORKER_SANDBOX_SECCOMP_H
#define WORKER_SANDBOX_SECCOMP_H

#include "worker/sandbox/sandbox.h"

/* Compiles the filters once, in the zygote; `namespaces` as all its workers will have it. 0 or -errno. */
int sandbox_seccomp_compile(bool namespaces);

/*
 * Loads the filter for all threads of the worker. Returns the notification descriptor, or -errno with `error`
 * filled in.
 */
int sandbox_seccomp_load(const struct sandbox *sandbox, struct sandbox_error *error);

#endif
