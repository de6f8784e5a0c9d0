/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits for the sizes of private folders, as the broker sees them: the counter (counter.h) counts, and says
 * when a limit is exceeded.
 */
#ifndef BROKER_KEEPER_FOLDER_QUOTA_H
#define BROKER_KEEPER_FOLDER_QUOTA_H

#include "broker/keeper/folder_count.h"

struct folder_quota;
struct folder_quotas;
struct keeper;
struct loop;

/* Makes the set that all quotas belong to. If the counter dies, the broker ends as without its keeper.
 * -errno. */
int folder_quotas_new(struct folder_quotas **quotas, struct loop *loop, struct keeper *keeper);

/* Frees the set, all of whose quotas have been freed. Takes NULL; returns NULL. */
struct folder_quotas *folder_quotas_free(struct folder_quotas *quotas);

struct folder_quota_spec {
    unsigned account;
    const char *path; /* of the private folder; copied */
    struct folder_size max;
    /*
     * called with 0 if the folder is over `max`, again at each change that leaves it so; or with -errno if it
     * cannot be counted, after which the quota is to be freed
     */
    void (*exceeded)(void *userdata, int error);
    void *userdata;
};

/* Has a folder counted. May wait while the counter is busy with other requests. -ENOMEM, -ENAMETOOLONG. */
int folder_quota_new(struct folder_quota **quota, struct folder_quotas *quotas,
                     const struct folder_quota_spec *spec);

/* Takes NULL; returns NULL. */
struct folder_quota *folder_quota_free(struct folder_quota *quota);

#endif
