/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leaves a chroot without seeing more, in zygotes of a broker that root started there. In a new mount
 * namespace: takes a detached copy of the tree below the present root, walks out of the chroot (a process
 * with CAP_SYS_CHROOT may, see chroot(2)), mounts the copy over the namespace's root, and makes it the root
 * again.
 */
#include "worker/sandbox/unchroot.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mount.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

#define UNCHROOT_INNER     "/usr" /* any folder below the root */
#define UNCHROOT_MAX_DEPTH 64

/* Moves the root below the working directory: then `..` no longer stops at it. */
static int unchroot_walk_out(void)
{
    FC_AUTO_CLOSE int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (top < 0 || chroot(UNCHROOT_INNER) < 0 || fchdir(top) < 0)
        return -errno;
    for (int i = 0; i < UNCHROOT_MAX_DEPTH; i++) {
        if (chdir("..") < 0)
            return -errno;
    }
    return chroot(".") < 0 ? -errno : 0;
}

int unchroot(void)
{
    FC_AUTO_CLOSE int tree = -1;
    int r;

    if (unshare(CLONE_NEWNS) < 0)
        return -errno;
    tree = open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (tree < 0)
        return -errno;
    r = unchroot_walk_out();
    /* none of this must reach the namespace that this process came from */
    if (r == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        r = -errno;
    if (r == 0 && move_mount(tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        r = -errno;
    /* back in, whatever has happened: the process must not stay outside */
    if (fchdir(tree) < 0 || chroot(".") < 0)
        return -errno;
    return r;
}
