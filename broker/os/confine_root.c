/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layer "private root" of drivers: Landlock says what may be opened; this, that nothing else is there, so
 * that nothing can be asked about it either. The views are taken as detached mounts (open_tree) before
 * anything is mounted, lest a mount hide one; then they are attached, and the root is exchanged. In drivers.
 */
#include "broker/os/confine_root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "proto/kernel.h"
#include "proto/mounts.h"

#define ROOT_SCRATCH "/tmp" /* hidden by the new root while it is built, in this namespace only */
#define ROOT_SIZE    "size=64k,nr_inodes=512,mode=0755"
#define ROOT_FILE    (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV)
#define ROOT_DEVICE  (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)

static bool root_is_missing(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EACCES;
}

/* A path, and what is there. */
struct root_view {
    struct confine_path path;
    int tree; /* negative: it is missing */
};

static const struct root_view root_own[] = {
#ifdef FIRECURTAIN_SANITIZE
    {{"/proc", false}, -1}, /* where the leak sanitizer looks at the end */
#endif
    {{NULL, false}, -1}, /* the end */
};

struct root_views {
    struct root_view *list;
    size_t n;
};

static void root_views_deinit(struct root_views *views)
{
    for (size_t i = 0; i < views->n; i++)
        fc_closep(&views->list[i].tree);
    free(views->list);
}

static int root_take_view(struct root_views *views, const struct confine_path *path)
{
    int tree = mounts_take(path->path);

    if (tree < 0 && !root_is_missing(-tree))
        return tree;
    views->list[views->n++] = (struct root_view){*path, tree};
    return 0;
}

static int root_take_views(struct root_views *views, const struct confine_paths *paths)
{
    int r = 0;

    views->list = calloc(paths->n + FC_ARRAY_SIZE(root_own), sizeof(*views->list));
    if (!views->list)
        return -ENOMEM;
    for (size_t i = 0; r == 0 && i < paths->n; i++)
        r = root_take_view(views, &paths->list[i]);
    for (size_t i = 0; r == 0 && root_own[i].path.path; i++)
        r = root_take_view(views, &root_own[i].path);
    return r;
}

static int root_place(const struct root_view *view)
{
    uint64_t attributes = view->path.is_device ? ROOT_DEVICE : ROOT_FILE;
    const char *target = view->path.path + strspn(view->path.path, "/");
    struct stat st;
    int r;

    if (fstat(view->tree, &st) < 0)
        return -errno;
    r = mounts_make(target, S_ISDIR(st.st_mode));
    if (r == -EROFS && access(target, F_OK) == 0) /* another view has it already */
        return 0;
    return r < 0 ? r : mounts_attach(view->tree, target, attributes);
}

/* Leaves the old root. In a chroot, whose root is no mount, it stays mounted, where no path leads. */
static int root_exchange(void)
{
    struct mount_attr attr = {.attr_set = ROOT_FILE};

    if (syscall(SYS_pivot_root, ".", ".") == 0) {
        if (umount2(".", MNT_DETACH) < 0)
            return -errno;
    } else if (chroot(".") < 0) {
        return -errno;
    }
    if (chdir("/") < 0 || mount_setattr(AT_FDCWD, "/", 0, &attr, sizeof(attr)) < 0)
        return -errno;
    return 0;
}

static int root_build(const struct root_views *views)
{
    int r = 0;

    /* what is mounted here stays here, and comes to nobody else */
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 && errno != EINVAL)
        return -errno;
    if (mount("root", ROOT_SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, ROOT_SIZE) < 0)
        return -errno;
    if (chdir(ROOT_SCRATCH) < 0)
        return -errno;
    umask(0022); /* another identity has to get through these folders */
    for (size_t i = 0; r == 0 && i < views->n; i++)
        r = views->list[i].tree < 0 ? 0 : root_place(&views->list[i]);
    return r < 0 ? r : root_exchange();
}

int confine_driver_root(const struct confine_paths *paths, bool *has_root)
{
    FC_CLEANUP(root_views_deinit) struct root_views views = {.list = NULL};
    int r = root_take_views(&views, paths);

    if (r == 0)
        r = root_build(&views);
    *has_root = r == 0;
    return r < 0 && kernel_refuses(-r) ? 0 : r;
}
