/* SPDX-License-Identifier: BSD-2-Clause */
/* clang-format off */
/*
 * Limits by cgroup v2 (cgroups(7)), where a part of the tree is delegated to the broker:
 *
 *     OWN                      where the broker was started
 *       firecurtain-PID
 *         broker               the broker itself: a group with controllers for its
 *                              children can have no processes
 *         workers              owned by the workers' uid, only so that processes can be moved
 *           zygote
 *           instance-NAME      one worker
 *         user-1               the same for the first user, and so on
 *
 * Without delegation nothing is made, and there are no such limits. Knows nothing of configurations.
 */
/* clang-format on */
#ifndef BROKER_OS_CGROUP_H
#define BROKER_OS_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroups;

enum cgroup_controller {
    CGROUP_MEMORY = 1,
    CGROUP_PIDS = 2,
    CGROUP_CPU = 4,
};

struct cgroup_limits {
    uint64_t memory_bytes;
    uint32_t tasks;
    uint32_t cpu_percent; /* of one core; 0: no limit */
};

/*
 * Removes the groups that killed brokers left, makes the tree, and moves this process into it. `uid` and
 * `gid` are those of the house's zygote. Where that is not possible, the result has no controllers, and
 * cgroups_describe() says why. May take some milliseconds. 0 or -ENOMEM.
 */
int cgroups_new(struct cgroups **cgroups, uid_t uid, gid_t gid);

/* Adds the groups for one more account's zygote and workers, before cgroups_hand_over(). 0 or -errno. */
int cgroups_add(struct cgroups *cgroups, uid_t uid, gid_t gid);

/*
 * Leaves the tree to a process that was forked meanwhile; this one only remembers it. Without this call,
 * cgroups_free() moves this process back and removes the tree.
 */
void cgroups_hand_over(struct cgroups *cgroups);

/* Takes NULL; returns NULL. */
struct cgroups *cgroups_free(struct cgroups *cgroups);

/* Returns the controllers that limit instances: enum cgroup_controller, or-ed. NULL has none. */
unsigned cgroups_controllers(const struct cgroups *cgroups);

/* Returns "memory, pids in /sys/fs/cgroup/…", or why there are none. Valid as long as `cgroups`. */
const char *cgroups_describe(const struct cgroups *cgroups);

/* Opens the tree in the process that it was left to, which has closed what it inherited. 0 or -errno. */
int cgroups_take_over(struct cgroups *cgroups);

/* Moves `broker`, if it still lives, and this process out of the tree, and removes it. NULL is fine. */
void cgroups_end(struct cgroups *cgroups, pid_t broker);

/*
 * Moves a new zygote to its group, the only one from which it may start processes in those of instances. 0 or
 * -errno.
 */
int cgroups_adopt_zygote(const struct cgroups *cgroups, unsigned account, pid_t pid);

#endif
