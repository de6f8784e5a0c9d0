/*
 * Limits by cgroup v2, where a part of the tree is delegated to the broker:
 *
 *     OWN                      where the broker was started
 *       firecurtain-PID
 *         broker               the broker: a group with controllers for its children has no processes itself
 *         workers              owned by the workers' uid as far as moving processes goes, nothing else
 *           zygote
 *           instance-NAME      one worker
 *
 * Without delegation nothing is made, and there are no such limits. Knows nothing of configurations.
 */
#ifndef BROKER_CGROUP_H
#define BROKER_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroups;
struct cgroup;

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

/* Moves this process back, and removes the tree. Takes NULL; returns NULL. */
struct cgroups *cgroups_free(struct cgroups *cgroups);

/* Those that limit instances: enum cgroup_controller, or-ed. NULL has none. */
unsigned cgroups_controllers(const struct cgroups *cgroups);

/* "memory, pids in /sys/fs/cgroup/…", or why there are none. Valid as long as `cgroups`. */
const char *cgroups_describe(const struct cgroups *cgroups);

/* Moves a new zygote to its place, from which alone it may start processes in the instances' groups. -errno.
 */
int cgroups_adopt_zygote(const struct cgroups *cgroups, pid_t pid);

/*
 * A group for one worker of an instance, with those limits for which there is a controller; *cgroup is NULL
 * if there is none at all. -errno.
 */
int cgroup_new(struct cgroup **cgroup, const struct cgroups *cgroups, const char *instance,
               const struct cgroup_limits *limits);

/* The worker has ended. Takes NULL; returns NULL. */
struct cgroup *cgroup_free(struct cgroup *cgroup);

/* For CLONE_INTO_CGROUP; stays the group's. */
int cgroup_fd(const struct cgroup *cgroup);

/* Whether the kernel killed the worker because it had no memory left. NULL: false. */
bool cgroup_is_out_of_memory(const struct cgroup *cgroup);

#endif
