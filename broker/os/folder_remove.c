/* SPDX-License-Identifier: BSD-2-Clause */
/* Goes down folder by folder; what is too deep for that is moved up first. */
#include "broker/os/folder_remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

#define REMOVE_DEPTH 64 /* descriptors at once */

struct removal {
    int top; /* the folder that is removed */
    dev_t device;
    unsigned n_moved;
};

static int remove_folder(struct removal *removal, int parent, const char *name, unsigned depth);

/* Opens a folder on the same file system. */
static int remove_open(const struct removal *removal, int parent, const char *name)
{
    FC_AUTO_CLOSE int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0) /* its owner shut it */
        fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (removal->device && st.st_dev != removal->device)
        return -EXDEV;
    if (fchmod(fd, 0700) < 0)
        return -errno;
    return fc_steal_fd(&fd);
}

/* Moves a folder to where it is not deep. It is found there later: the top is read until it is empty. */
static int remove_move(struct removal *removal, int parent, const char *name)
{
    char moved[64];

    snprintf(moved, sizeof(moved), ".removed-%d-%u", getpid(), removal->n_moved++);
    return renameat(parent, name, removal->top, moved) < 0 ? -errno : 0;
}

static int remove_entry(struct removal *removal, int folder, const char *name, unsigned depth)
{
    if (unlinkat(folder, name, 0) == 0)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -errno;
    return depth < REMOVE_DEPTH ? remove_folder(removal, folder, name, depth + 1)
                                : remove_move(removal, folder, name);
}

/* Removes what is in a folder. Returns how many entries there were, or -errno. */
static int remove_entries(struct removal *removal, int fd, unsigned depth)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0), n = 0, r = 0;
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;

    if (!folder) {
        r = -errno;
        fc_closep(&copy);
        return r;
    }
    rewinddir(folder);
    while (r == 0 && (entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        r = remove_entry(removal, fd, entry->d_name, depth);
        n++;
    }
    closedir(folder);
    return r < 0 ? r : n;
}

/* Empties an open folder. */
static int remove_all(struct removal *removal, int fd, unsigned depth)
{
    int n;

    do
        n = remove_entries(removal, fd, depth);
    while (n > 0);
    return n;
}

static int remove_folder(struct removal *removal, int parent, const char *name, unsigned depth)
{
    FC_AUTO_CLOSE int fd = remove_open(removal, parent, name);
    int r = fd < 0 ? fd : remove_all(removal, fd, depth);

    if (r < 0)
        return r;
    return unlinkat(parent, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int folder_remove(int parent, const char *name)
{
    struct removal removal = {.top = -1};
    FC_AUTO_CLOSE int top = -1;
    struct stat st;

    if (fstat(parent, &st) < 0)
        return -errno;
    removal.device = st.st_dev;
    top = remove_open(&removal, parent, name);
    if (top < 0)
        return top;
    removal.top = top;
    return remove_folder(&removal, parent, name, 0);
}
