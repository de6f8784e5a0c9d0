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

#define FOLDER_COUNT_EVENTS      (IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR | IN_DONT_FOLLOW)
#define FOLDER_COUNT_MAX_FOLDERS 1024 /* more count as too many files */

struct folder_size {
    uint64_t bytes;
    uint64_t files;
};

struct folder_count {
    struct folder_size limit;
    /* called with each folder, borrowed; -ENOSPC counts as too many files */
    int (*watch)(void *userdata, int fd);
    void *userdata;
    struct folder_size size; /* the result: all, or more than the limit */
    unsigned n_folders;
};

/* `folder` is borrowed; O_PATH does. What cannot be read is left out. */
void folder_count(struct folder_count *counter, int folder);

bool folder_is_over(const struct folder_size *size, const struct folder_size *limit);

#endif
