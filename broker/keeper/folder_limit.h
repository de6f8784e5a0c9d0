/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits for the sizes of private folders. The kernel limits a file, not a folder, so folders are counted:
 * whenever something in one changes (inotify), but at most every 100 ms, and for at most a tenth of the time;
 * every second where the kernel refuses to watch a folder.
 * Runs in the counter (counter.h).
 */
#ifndef BROKER_KEEPER_FOLDER_LIMIT_H
#define BROKER_KEEPER_FOLDER_LIMIT_H

#include "broker/keeper/folder_count.h"

struct folder_limit;
struct folder_limits;
struct loop;

/*
 * Makes the set that limits belong to, one for many folders since inotify instances are few. It stays for as
 * long as the process. 0 or -errno.
 */
int folder_limits_new(struct folder_limits **limits, struct loop *loop);

/* How a folder is over its limit. */
struct folder_excess {
    enum folder_excess_of {
        FOLDER_BYTES,
        FOLDER_FILES,
        FOLDER_SHAPE, /* too many folders in it, or too deep ones */
    } of;
    bool is_first; /* it was so when it was counted for the first time */
    bool is_far;   /* it is over folder_far_limit(), or cannot be counted in full */
};

struct folder_limit_spec {
    int folder_fd; /* borrowed for as long as the limit; O_PATH will do */
    struct folder_size max;
    /* the folder is over `max`; called again at each change that leaves it so */
    void (*exceeded)(void *userdata, const struct folder_excess *excess);
    void *userdata;
};

/* Watches a folder, and counts it once soon. 0 or -ENOMEM. */
int folder_limit_new(struct folder_limit **limit, struct folder_limits *limits,
                     const struct folder_limit_spec *spec);

/* Takes NULL; returns NULL. */
struct folder_limit *folder_limit_free(struct folder_limit *limit);

#endif
