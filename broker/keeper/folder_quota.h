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
struct state_watch;
struct state_watcher;

/* Of all folders. If the counter goes, it is as if the keeper had. -errno. */
int state_watcher_new(struct state_watcher **watcher, struct loop *loop, struct keeper *keeper);

/* All watches must have been freed. Takes NULL; returns NULL. */
struct state_watcher *state_watcher_free(struct state_watcher *watcher);

struct state_watch_spec {
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
int state_watch_new(struct state_watch **watch, struct state_watcher *watcher,
                    const struct state_watch_spec *spec);

/* Takes NULL; returns NULL. */
struct state_watch *state_watch_free(struct state_watch *watch);

#endif
