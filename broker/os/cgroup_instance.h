/* SPDX-License-Identifier: BSD-2-Clause */
/* The cgroup of one worker, in the tree of cgroup.h. Runs in the keeper. */
#ifndef BROKER_OS_CGROUP_INSTANCE_H
#define BROKER_OS_CGROUP_INSTANCE_H

#include "broker/os/cgroup.h"

/*
 * Makes the group of one worker, with those limits for which there is a controller. Accounts are numbered in
 * the order of cgroups_add(); the house is 0. Returns a descriptor of its folder, for CLONE_INTO_CGROUP;
 * -ENOENT if there are no groups; or -errno.
 */
int cgroup_make_instance(const struct cgroups *cgroups, unsigned account, const char *instance,
                         const struct cgroup_limits *limits);

/*
 * Opens the file that changes when the kernel kills a process for lack of memory. A descriptor; -ENOENT
 * without that controller; or -errno.
 */
int cgroup_open_memory_events(const struct cgroups *cgroups, unsigned account, const char *instance);

/* Removes the group of a worker that has ended; kills processes that an unconfined script may have left. */
void cgroup_remove_instance(const struct cgroups *cgroups, unsigned account, const char *instance);

/* Returns how often the kernel has killed, from an open memory.events. */
uint64_t cgroup_count_kills(int memory_events);

#endif
