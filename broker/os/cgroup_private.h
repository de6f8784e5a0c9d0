/* SPDX-License-Identifier: BSD-2-Clause */
/* The tree, as cgroup.c makes it and cgroup_instance.c uses it. */
#ifndef BROKER_OS_CGROUP_PRIVATE_H
#define BROKER_OS_CGROUP_PRIVATE_H

#include <limits.h>

#include "broker/base/runtime.h"
#include "broker/os/cgroup.h"

/* The groups of an account's zygote and workers. */
struct cgroup_branch {
    uid_t uid;
    gid_t gid;
    int workers; /* the group's folder, or -1 */
};

struct cgroups {
    unsigned controllers; /* that limit instances */
    unsigned turned_on;   /* by us, in `own` */
    int own;              /* descriptors of the groups' folders, or -1 */
    int tree;             /* firecurtain-PID */
    struct cgroup_branch branches[RUNTIME_MAX_ACCOUNTS];
    unsigned n_branches;
    char name[32];             /* of `tree` */
    char path[PATH_MAX];       /* of `own` */
    char text[PATH_MAX + 160]; /* for cgroups_describe() */
};

#endif
