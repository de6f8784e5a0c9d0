/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The size of the scripts' private folders. The kernel bounds a file, not a folder, so they are counted:
 * whenever something in a folder changes (inotify), but not more often than every 100 ms, and for a tenth of
 * the time at most. Only names and sizes are looked at, never a file, and no links are followed. For the
 * counter (counter.h).
 */
#ifndef BROKER_KEEPER_FOLDER_LIMIT_H
#define BROKER_KEEPER_FOLDER_LIMIT_H

#include <stdint.h>

struct loop;
struct state_monitor;
struct state_limit;

/* One for all folders: inotify instances are few. -errno. */
int state_monitor_new(struct state_monitor **monitor, struct loop *loop);

/* All limits must have been freed. Takes NULL; returns NULL. */
struct state_monitor *state_monitor_free(struct state_monitor *monitor);

struct state_limit_spec {
    int folder_fd; /* borrowed, as all of it; O_PATH does */
    uint64_t max_bytes;
    uint64_t max_files;
    /* the folder has more than that; called again at each change that leaves it so */
    void (*exceeded)(void *userdata);
    void *userdata;
};

/* Watches a folder, and counts it once soon. -errno. */
int state_limit_new(struct state_limit **limit, struct state_monitor *monitor,
                    const struct state_limit_spec *spec);

/* Takes NULL; returns NULL. */
struct state_limit *state_limit_free(struct state_limit *limit);

#endif
