/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts what a private folder holds, by names and sizes: reads no file and follows no link. The work is
 * bounded by the limit. Runs in the counter (counter.h).
 */
#ifndef BROKER_KEEPER_FOLDER_COUNT_H
#define BROKER_KEEPER_FOLDER_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#define FOLDER_COUNT_MAX_FOLDERS 1024 /* more count as far too many files */
#define FOLDER_COUNT_MAX_DEPTH   16   /* deeper folders do, too */

struct folder_size {
    uint64_t bytes;
    uint64_t files;
};

struct folder_count {
    struct folder_size limit;
    /* called with each folder, borrowed; -ENOSPC counts as far too many files */
    int (*found)(void *userdata, int fd);
    void *userdata;
    struct folder_size size; /* the result: of everything, or of so much that it is over the limit */
    unsigned n_folders;
};

/* Counts a folder, borrowed; O_PATH will do. Leaves out what cannot be read. */
void folder_count(struct folder_count *count, int folder);

/* Returns whether a size is over a limit. */
bool folder_is_over(const struct folder_size *size, const struct folder_size *limit);

/* Returns what a folder may have at most until a script that found it full has made room. */
struct folder_size folder_far_limit(const struct folder_size *limit);

#endif
