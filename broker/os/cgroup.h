/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits by cgroup v2, where a part of the tree is delegated to the broker:
 *
 *     OWN                      where the broker was started
 *       firecurtain-PID
 *         broker               the broker: a group with controllers for its children has no processes itself
 *         workers              owned by the workers' uid as far as moving processes goes, nothing else
 *           zygote
 *           instance-NAME      one worker
 *         user-1               the same for the first user, and so on
 *
 * Without delegation nothing is made, and there are no such limits. Knows nothing of configurations.
 */
#ifndef BROKER_OS_CGROUP_H
#define BROKER_OS_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CGROUP_MAX_ACCOUNTS 65 /* the house, and users */

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
 * Removes what dead brokers left, makes the tree, moves this process into it. `uid` and `gid` are the
 * zygote's. Where that is not possible, the result has no controllers, and cgroups_describe() says why. May
 * take some milliseconds. -ENOMEM.
 */
int cgroups_new(struct cgroups **cgroups, uid_t uid, gid_t gid);

/* Makes the place of one more account's zygote and workers; before cgroups_hand_over(). 0 or -errno. */
int cgroups_add(struct cgroups *cgroups, uid_t uid, gid_t gid);

/*
 * From here on the tree is another process's, which was forked meanwhile: this one only knows of it. Without
 * that, cgroups_free() moves this process back, and removes the tree.
 */
void cgroups_hand_over(struct cgroups *cgroups);

/* Takes NULL; returns NULL. */
struct cgroups *cgroups_free(struct cgroups *cgroups);

/* Those that limit instances: enum cgroup_controller, or-ed. NULL has none. */
unsigned cgroups_controllers(const struct cgroups *cgroups);

/* "memory, pids in /sys/fs/cgroup/…", or why there are none. Valid as long as `cgroups`. */
const char *cgroups_describe(const struct cgroups *cgroups);

/*
 * The other process: opens the tree again, without what it has inherited; and at its end moves `broker`, if
 * it still lives, and itself out of it and removes it. Nothing to do without controllers. -errno.
 */
int cgroups_take_over(struct cgroups *cgroups);
void cgroups_end(struct cgroups *cgroups, pid_t broker);

/* Moves a new zygote to its place, from which alone it may start processes in the instances' groups. -errno.
 */
int cgroups_adopt_zygote(const struct cgroups *cgroups, unsigned account, pid_t pid);

/*
 * A group for one worker of an instance of an account (in the order of cgroups_add(), the house is 0), with
 * those limits for which there is a controller. A descriptor of its folder, for CLONE_INTO_CGROUP; -ENOENT if
 * there are no groups, or -errno.
 */
int cgroup_make_instance(const struct cgroups *cgroups, unsigned account, const char *instance,
                         const struct cgroup_limits *limits);

/* What tells when the kernel kills for want of memory; -ENOENT without that controller, or -errno. */
int cgroup_open_memory_events(const struct cgroups *cgroups, unsigned account, const char *instance);

/* The worker has ended. Kills whom an unconfined script may have left. */
void cgroup_remove_instance(const struct cgroups *cgroups, unsigned account, const char *instance);

/* How often that was, from an open memory.events. */
uint64_t cgroup_count_kills(int memory_events);

#endif
