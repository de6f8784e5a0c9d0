/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The zygote: one process with an initialised interpreter from which workers are forked. It never runs a
 * script, has one thread and no ZeroMQ context, and holds nothing but its socket to the broker.
 */
#ifndef WORKER_ZYGOTE_H
#define WORKER_ZYGOTE_H

#include <sys/types.h>

struct spawn_paths;

/*
 * Whether the kernel lets this process make workers with all their namespaces. Tries it with a child that
 * ends at once. 0, or the -errno with which it refuses.
 */
int zygote_may_confine(void);

/*
 * Serves requests on SPAWN_FD until the broker closes it, as far as the paths allow; `keeper` may look into
 * workers. The exit status. `refused` is zygote_may_confine()'s answer.
 */
int zygote_run(int refused, const struct spawn_paths *paths, pid_t keeper);

#endif
