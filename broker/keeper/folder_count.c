/* SPDX-License-Identifier: BSD-2-Clause */
/* See folder_count.h. */
#include "broker/keeper/folder_count.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

#define FOLDER_MAX_DEPTH 16  /* deeper counts as too many files */
#define FOLDER_BLOCK     512 /* of st_blocks, see stat(2) */

bool folder_is_over(const struct folder_size *size, const struct folder_size *limit)
{
    return size->bytes > limit->bytes || size->files > limit->files;
}

/* Adds up a folder; stops as soon as the limit is passed, so the work is bounded by the limit. */
static void state_count_folder(struct folder_count *counter, int parent, const char *name, unsigned depth)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    struct folder_size *size = &counter->size;
    const struct dirent *entry;

    if (!folder) {
        fc_closep(&fd);
        return;
    }
    if (depth > FOLDER_MAX_DEPTH || counter->n_folders++ == FOLDER_COUNT_MAX_FOLDERS ||
        counter->watch(counter->userdata, fd) == -ENOSPC)
        size->files = UINT64_MAX;
    while (!folder_is_over(size, &counter->limit) && (entry = readdir(folder))) {
        struct stat st;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        size->files++;
        size->bytes += (uint64_t)st.st_blocks * FOLDER_BLOCK;
        if (S_ISDIR(st.st_mode))
            state_count_folder(counter, fd, entry->d_name, depth + 1);
    }
    closedir(folder);
}

void folder_count(struct folder_count *counter, int folder)
{
    counter->size = (struct folder_size){0};
    counter->n_folders = 0;
    state_count_folder(counter, folder, ".", 0);
}
