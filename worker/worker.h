/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a worker, from its birth in the zygote to its end: sandbox, link, script. docs/architecture.md
 * describes it in "The life of a worker".
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <sys/types.h>

#include "proto/spawn_request.h"

struct sandbox;
struct sandbox_error;

/* Properties of a process that becomes a worker. */
struct worker_birth {
    uid_t uid;
    gid_t gid;
    int refused; /* 0: it has its own namespaces; or -errno with which the kernel refuses them */
    const struct sandbox *prepared; /* by sandbox_prepare(), or NULL */
};

/* Runs the instance of the request in this process, a child of the zygote. Does not return. */
_Noreturn void worker_run(const struct spawn_request *request, int descriptors[SPAWN_DESCRIPTORS_],
                          const struct worker_birth *birth);

/* Logs which layer of the sandbox could not be set up, and ends this process. */
_Noreturn void worker_fail(const struct sandbox_error *error);

#endif
