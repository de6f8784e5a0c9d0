/* SPDX-License-Identifier: BSD-2-Clause */
/* What cgroup.c (the tree) and cgroup_instance.c (the group of a worker) share. */
#ifndef BROKER_OS_CGROUP_PRIVATE_H
#define BROKER_OS_CGROUP_PRIVATE_H

#include <limits.h>

#include "broker/os/cgroup.h"

/* The zygote of an account, and its workers. */
struct cgroup_account {
    uid_t uid;
    gid_t gid;
    int workers; /* the folder of the group, or -1 */
};

struct cgroups {
    unsigned controllers; /* that limit instances */
    unsigned turned_on;   /* by us, in `own` */
    int own;              /* descriptors of the groups' folders, or -1 */
    int tree;             /* firecurtain-PID */
    struct cgroup_account accounts[CGROUP_MAX_ACCOUNTS];
    unsigned n_accounts;
    char name[32];             /* of `tree` */
    char path[PATH_MAX];       /* of `own` */
    char text[PATH_MAX + 160]; /* for cgroups_describe() */
};

/* One write to a control file. 0 or -errno. */
int cgroup_write(int folder, const char *file, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The beginning of a control file. The number of bytes without the NUL, or -errno. */
int cgroup_read(int folder, const char *file, char *text, size_t bytes);

/* Makes a group, or takes the one that is there. Its folder, or -errno. */
int cgroup_make(int parent, const char *name);

/* Lets the account's zygote start processes in a group. 0 or -errno. */
int cgroup_give(const struct cgroup_account *account, int folder);

#endif
