/* A worker from its first instruction to its end: see docs/architecture.md, "The life of a worker". */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <sys/types.h>

#include "proto/spawn.h"

/*
 * Runs the instance of the request in this process, which was just forked from the zygote. `refused` is 0 if
 * that was with namespaces of its own, or the -errno with which the kernel refuses them. Does not return.
 */
_Noreturn void worker_run(const struct spawn_request *request, int descriptors[SPAWN_DESCRIPTORS_], uid_t uid,
                          gid_t gid, int refused);

#endif
