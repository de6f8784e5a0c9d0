/* SPDX-License-Identifier: BSD-2-Clause */
/* The cgroup of a worker, on machines where the broker may make some. Only for this folder. */
#ifndef BROKER_GUEST_CGROUP_H
#define BROKER_GUEST_CGROUP_H

#include <stdbool.h>

struct guest;
struct spawn_job;

/* Has the keeper make a cgroup with the guest's limits, for `job` to start in; nothing if there are none.
 * -errno. */
int guest_cgroup_open(struct guest *guest, struct spawn_job *job);
void guest_cgroup_close(struct guest *guest);

/* Whether the kernel killed the worker because it had no memory left. */
bool guest_is_out_of_memory(const struct guest *guest);

#endif
