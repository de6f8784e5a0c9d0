/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The limits of the scripts' private folders, as the broker sees them: the counter (counter.h) counts, and
 * says when one is passed.
 */
#ifndef BROKER_KEEPER_FOLDER_QUOTA_H
#define BROKER_KEEPER_FOLDER_QUOTA_H

#include <stdint.h>

struct keeper;
struct loop;
struct folder_quota;
struct folder_quotas;

/* Of all folders. If the counter goes, it is as if the keeper had. -errno. */
int folder_quotas_new(struct folder_quotas **watcher, struct loop *loop, struct keeper *keeper);

/* All watches must have been freed. Takes NULL; returns NULL. */
struct folder_quotas *folder_quotas_free(struct folder_quotas *watcher);

struct folder_quota_spec {
    unsigned account;
    const char *path; /* of the private folder; copied */
    uint64_t max_bytes;
    uint64_t max_files;
    /*
     * the folder has more than that (0), again at each change that leaves it so; or it cannot be counted
     * (-errno), and the watch is to be freed
     */
    void (*exceeded)(void *userdata, int error);
    void *userdata;
};

/* -ENOMEM, -ENAMETOOLONG. May wait while the counter is busy with many other requests. */
int folder_quota_new(struct folder_quota **watch, struct folder_quotas *watcher,
                     const struct folder_quota_spec *spec);

/* Takes NULL; returns NULL. */
struct folder_quota *folder_quota_free(struct folder_quota *watch);

#endif
