/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The zygote: a process with an initialised interpreter, from which workers are forked. It never runs a
 * script, has one thread, and holds only its socket to the broker and those to its
 * spares.
 */
#ifndef WORKER_ZYGOTE_H
#define WORKER_ZYGOTE_H

#include <sys/types.h>

struct spawn_paths;

/*
 * Finds out, with a child that ends at once, whether the kernel lets this process make workers with all their
 * namespaces. 0, or the -errno with which it refuses.
 */
int zygote_may_confine(void);

/*
 * Serves the requests on SPAWN_FD that the paths allow, until the broker closes it. `refused` is the answer
 * of zygote_may_confine(); the process `keeper` may take descriptors from workers. Returns the exit status.
 */
int zygote_run(int refused, const struct spawn_paths *paths, pid_t keeper);

#endif
