/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private folders, and files that workers may see; runs in the keeper. Paths of the house were named by the
 * administrator. Those of a user lead through folders in which the user can put links, so they are walked
 * with the user's rights.
 */
#include "broker/keeper/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker/os/file_as.h"
#include "firecurtain/cleanup.h"
#include "proto/kernel.h"

#define FILES_WATCH_EVENTS                                                                                   \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_MODIFY | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR)

static struct file_identity files_identity(const struct keeper_call *call)
{
    const struct keeper_account *account = keeper_account_of(call);

    return (struct file_identity){.uid = account->uid,
                                  .gid = account->gid,
                                  .is_switched = call->spec->is_root && call->request->account > 0};
}

bool keeper_may_have_state_folder(const struct keeper_spec *spec, unsigned account, const char *path)
{
    if (account >= spec->n_accounts || !spawn_paths_is_state(&spec->accounts[account].paths, path))
        return false;
    for (unsigned i = 1; i < spec->n_accounts; i++) {
        if (i != account && spawn_paths_is_state(&spec->accounts[i].paths, path))
            return false;
    }
    return true;
}

/*
 * Makes the parent of private folders. Workers of another uid walk through it where there are no namespaces.
 */
static int files_make_folder(const struct keeper_spec *spec, const char *path)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return -errno;
    return spec->is_root && chmod(path, 0711) < 0 ? -errno : 0;
}

int keeper_do_make_state_folder(struct keeper_call *call)
{
    const struct keeper_account *account = keeper_account_of(call);
    char path[sizeof(call->request->text)];
    char *slash;
    int r;

    if (!keeper_may_have_state_folder(call->spec, call->request->account, call->request->text))
        return -EPERM;
    memcpy(path, call->request->text, sizeof(path));
    slash = strrchr(path, '/');
    *slash = '\0';
    r = files_make_folder(call->spec, path);
    *slash = '/';
    if (r < 0)
        return r;
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return -errno;
    if (call->spec->is_root && lchown(path, account->uid, account->gid) < 0)
        return -errno;
    call->fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return call->fd < 0 ? -errno : 0;
}

int keeper_do_open_state_folder(struct keeper_call *call)
{
    if (!keeper_may_have_state_folder(call->spec, call->request->account, call->request->text))
        return -EACCES; /* -EPERM means that the kernel gives no mounts */
    call->fd = open_tree(AT_FDCWD, call->request->text, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return call->fd < 0 ? -errno : 0;
}

int keeper_do_open_shown(struct keeper_call *call)
{
    const struct file_identity identity = files_identity(call);
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};

    FC_AUTO_CLOSE int found = -1;

    if (!spawn_paths_show(&keeper_account_of(call)->paths, call->request->text))
        return -EACCES;
    found = file_as_find(&identity, call->request->text);
    if (found < 0)
        return found == -EPERM ? -EACCES : found; /* -EPERM means that the kernel gives no mounts */
    call->fd = open_tree(found, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    if (call->fd < 0 || mount_setattr(call->fd, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) < 0)
        return -errno;
    return 0;
}

/* Opens a path name by name, where openat2() is refused: then links lead nowhere, not even within the folder.
 */
static int files_walk_below(int folder, const char *below)
{
    FC_AUTO_CLOSE int at = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    char name[NAME_MAX + 1];

    while (at >= 0 && *(below += strspn(below, "/"))) {
        size_t n = strcspn(below, "/");
        int next;

        if (n > NAME_MAX || strncmp(below, "..", n > 2 ? n : 2) == 0)
            return n > NAME_MAX ? -ENAMETOOLONG : -EACCES;
        memcpy(name, below, n);
        name[n] = '\0';
        below += n;
        next = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0)
            return -errno;
        fc_closep(&at);
        at = next;
    }
    return at < 0 ? -errno : fc_steal_fd(&at);
}

/* Opens a path without leaving the folder, whatever links it has: workers get no further either. */
static int files_open_below(const char *folder, const char *below)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    FC_AUTO_CLOSE int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int found;

    if (fd < 0 || !below[0])
        return fd < 0 ? -errno : fc_steal_fd(&fd);
    found = (int)syscall(SYS_openat2, fd, below, &how, sizeof(how));
    if (found < 0 && kernel_refuses(errno))
        return files_walk_below(fd, below);
    if (found < 0 && errno == EXDEV)
        return -EACCES;
    return found < 0 ? -errno : found;
}

/* Goes there instead of naming /proc/self/fd, which a user may not walk through. */
static int files_watch_here(int inotify, int folder)
{
    FC_AUTO_CLOSE int before = open(".", O_PATH | O_CLOEXEC);
    int wd;

    if (before < 0 || fchdir(folder) < 0)
        return -errno;
    wd = inotify_add_watch(inotify, ".", FILES_WATCH_EVENTS);
    if (wd < 0)
        wd = -errno;
    return fchdir(before) < 0 ? -errno : wd;
}

int keeper_do_watch(struct keeper_call *call)
{
    const struct file_identity identity = files_identity(call);
    FC_AUTO_CLOSE int fd = -1;
    int r;

    if (!spawn_paths_show(&keeper_account_of(call)->paths, call->request->text))
        return -EACCES;
    r = file_as_begin(&identity);
    if (r < 0)
        return r;
    fd = files_open_below(call->request->text, call->request->below);
    r = fd < 0 ? fd : files_watch_here(call->descriptors[0], fd);
    file_as_end(&identity);
    return r;
}

int keeper_do_read(struct keeper_call *call)
{
    const struct file_identity identity = files_identity(call);

    if (call->request->account == 0 ||
        !spawn_paths_show(&keeper_account_of(call)->paths, call->request->text))
        return -EACCES;
    call->fd = file_as_open(&identity, call->request->text);
    return call->fd < 0 ? call->fd : 0;
}
