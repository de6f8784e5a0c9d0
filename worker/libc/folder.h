/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a path leads that a script names. With the option `directory = show` its own folder is the working
 * directory, over which lies what it has written there, which is in the private folder. Otherwise a file that
 * is only beside the script is mentioned in the log, once.
 */
#ifndef WORKER_LIBC_FOLDER_H
#define WORKER_LIBC_FOLDER_H

#include <limits.h>
#include <stdbool.h>

struct folder_place {
    const char *path;       /* where to look or to write */
    bool is_shown;          /* the script's folder has something there */
    char written[PATH_MAX]; /* the same place in the private folder */
};

/* Finds what a call reads: what was written before, otherwise `path` itself. */
void folder_find(struct folder_place *place, const char *path);

/*
 * Finds where a call writes, and makes the folders above it that the script's folder has. With `keep` a file
 * that is only in the script's folder is copied first, since what is in it stays. 0 or -1 with errno.
 */
int folder_prepare(struct folder_place *place, const char *path, bool keep);

/* Mentions a file that was not found, if it is in the script's folder. Keeps errno. */
void folder_missed(const char *path);

#endif
