/* SPDX-License-Identifier: BSD-2-Clause */
/* Walks through a private folder; runs in the counter. */
#include "broker/keeper/folder_count.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

#define FOLDER_COUNT_BLOCK 512 /* bytes of st_blocks, see stat(2) */
#define FOLDER_COUNT_FAR_BYTES                                                                               \
    (UINT64_C(64) << 20) /* what a small limit may be exceeded by before it is seen */
#define FOLDER_COUNT_FAR_FILES 10000

bool folder_is_over(const struct folder_size *size, const struct folder_size *limit)
{
    return size->bytes > limit->bytes || size->files > limit->files;
}

static uint64_t folder_far(uint64_t limit, uint64_t more)
{
    return limit < UINT64_MAX / 4 ? 2 * limit + more : UINT64_MAX - 1;
}

struct folder_size folder_far_limit(const struct folder_size *limit)
{
    return (struct folder_size){.bytes = folder_far(limit->bytes, FOLDER_COUNT_FAR_BYTES),
                                .files = folder_far(limit->files, FOLDER_COUNT_FAR_FILES)};
}

/* Adds up a folder; stops as soon as the limit is exceeded. */
static void folder_count_below(struct folder_count *count, int parent, const char *name, unsigned depth)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    struct folder_size *size = &count->size;
    const struct dirent *entry;

    if (!folder) {
        fc_closep(&fd);
        return;
    }
    if (depth > FOLDER_COUNT_MAX_DEPTH || count->n_folders++ == FOLDER_COUNT_MAX_FOLDERS ||
        count->found(count->userdata, fd) == -ENOSPC)
        size->files = UINT64_MAX;
    while (!folder_is_over(size, &count->limit) && (entry = readdir(folder))) {
        struct stat st;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        size->files++;
        size->bytes += (uint64_t)st.st_blocks * FOLDER_COUNT_BLOCK;
        if (S_ISDIR(st.st_mode))
            folder_count_below(count, fd, entry->d_name, depth + 1);
    }
    closedir(folder);
}

void folder_count(struct folder_count *count, int folder)
{
    count->size = (struct folder_size){0};
    count->n_folders = 0;
    folder_count_below(count, folder, ".", 0);
}
