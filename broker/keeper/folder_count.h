/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much there is in a private folder: names and sizes only, never into a file, and no links are followed.
 * The work is bounded by the limit.
 */
#ifndef BROKER_KEEPER_FOLDER_COUNT_H
#define BROKER_KEEPER_FOLDER_COUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/inotify.h>

#define STATE_COUNT_EVENTS      (IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR | IN_DONT_FOLLOW)
#define STATE_COUNT_MAX_FOLDERS 1024 /* more count as too many files */

struct state_size {
    uint64_t bytes;
    uint64_t files;
};

struct state_counter {
    struct state_size limit;
    /* called with each folder, borrowed; -ENOSPC counts as too many files */
    int (*watch)(void *userdata, int fd);
    void *userdata;
    struct state_size size; /* the result: all, or more than the limit */
    unsigned n_folders;
};

/* `folder` is borrowed; O_PATH does. What cannot be read is left out. */
void state_count(struct state_counter *counter, int folder);

bool state_is_over(const struct state_size *size, const struct state_size *limit);

#endif
