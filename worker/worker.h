/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker from its first instruction to its end: see docs/architecture.md, "The life of a worker". */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <sys/types.h>

#include "proto/spawn_request.h"

struct sandbox;
struct sandbox_error;

/* What a process is that becomes a worker. */
struct worker_birth {
    uid_t uid;
    gid_t gid;
    int refused; /* 0: it has namespaces of its own; or why the kernel refuses them, -errno */
    const struct sandbox *prepared; /* by sandbox_prepare(), or NULL */
};

/* Runs the instance of the request in this process, a child of the zygote. Does not return. */
_Noreturn void worker_run(const struct spawn_request *request, int descriptors[SPAWN_DESCRIPTORS_],
                          const struct worker_birth *birth);

/* Ends this process, with the layer that could not be set up in the log. */
_Noreturn void worker_fail(const struct sandbox_error *error);

#endif
