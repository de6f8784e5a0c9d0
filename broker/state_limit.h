/*
 * The size of the scripts' private folders. The kernel bounds a file, not a folder, so the broker counts:
 * whenever something in a folder changes (inotify), but not more often than every 100 ms. It looks at names
 * and sizes only, never into a file, and follows no links.
 */
#ifndef BROKER_STATE_LIMIT_H
#define BROKER_STATE_LIMIT_H

#include <stdint.h>

struct loop;
struct state_size;
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
    /*
     * optional, for a folder that this process may not read: somebody else counts it, and watches with
     * `inotify`. 0 or -errno. All limits of a monitor have it, or none
     */
    int (*count)(void *userdata, int inotify, const struct state_size *limit, struct state_size *size);
    /* the folder has more than that; called again at each change that leaves it so */
    void (*exceeded)(void *userdata, uint64_t bytes, uint64_t files);
    void *userdata;
};

/* Watches a folder, and counts it once soon. -errno. */
int state_limit_new(struct state_limit **limit, struct state_monitor *monitor,
                    const struct state_limit_spec *spec);

/* Takes NULL; returns NULL. */
struct state_limit *state_limit_free(struct state_limit *limit);

#endif
