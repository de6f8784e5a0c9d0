/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls of mounts. Used in drivers, zygotes and workers, before they run anything of somebody else's.
 */
#include "proto/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "firecurtain/cleanup.h"

int mounts_take(const char *path)
{
    int tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

    return tree < 0 ? -errno : tree;
}

/* Makes the folders above `target`. Another mount may have them. */
static int mounts_make_parents(const char *target)
{
    char path[PATH_MAX];

    for (const char *slash = strchr(target, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(path, sizeof(path), "%.*s", (int)(slash - target), target);
        if (mkdir(path, 0755) < 0 && errno != EEXIST && errno != EROFS)
            return -errno;
    }
    return 0;
}

int mounts_make(const char *target, bool is_folder)
{
    FC_AUTO_CLOSE int fd = -1;
    int r = mounts_make_parents(target);

    if (r < 0)
        return r;
    if (is_folder)
        return mkdir(target, 0755) < 0 && errno != EEXIST ? -errno : 0;
    fd = open(target, O_CREAT | O_RDONLY | O_CLOEXEC, 0444);
    return fd < 0 ? -errno : 0;
}

int mounts_attach(int tree, const char *target, uint64_t attributes)
{
    struct mount_attr attr = {.attr_set = attributes, .propagation = MS_PRIVATE};

    if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0 ||
        move_mount(tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return -errno;
    return 0;
}
