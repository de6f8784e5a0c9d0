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
struct folder_limits;
struct folder_limit;

/* One for all folders: inotify instances are few. -errno. */
int folder_limits_new(struct folder_limits **monitor, struct loop *loop);

/* All limits must have been freed. Takes NULL; returns NULL. */
struct folder_limits *folder_limits_free(struct folder_limits *monitor);

struct folder_limit_spec {
    int folder_fd; /* borrowed, as all of it; O_PATH does */
    uint64_t max_bytes;
    uint64_t max_files;
    /* the folder has more than that; called again at each change that leaves it so */
    void (*exceeded)(void *userdata);
    void *userdata;
};

/* Watches a folder, and counts it once soon. -errno. */
int folder_limit_new(struct folder_limit **limit, struct folder_limits *monitor,
                     const struct folder_limit_spec *spec);

/* Takes NULL; returns NULL. */
struct folder_limit *folder_limit_free(struct folder_limit *limit);

#endif
