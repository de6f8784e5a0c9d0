/* SPDX-License-Identifier: BSD-2-Clause */
/* Locks belong to open files, so that closing another descriptor of the same file gives nothing up. */
#include "broker/os/state_mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

#define MARK_FOLDER ".shows"

static int mark_lock(int fd, int command, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

    return fcntl(fd, command, &lock) < 0 ? -errno : lock.l_type;
}

/* Whether a file has this text and nothing else. */
static bool mark_is(int fd, const char *show, size_t bytes)
{
    char there[sizeof(((struct state_mark *)0)->show)];
    ssize_t n = pread(fd, there, sizeof(there), 0);

    return n == (ssize_t)bytes && memcmp(there, show, bytes) == 0;
}

static int mark_open(int folder, const char *name, int flags)
{
    FC_AUTO_CLOSE int fd = openat(folder, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    return S_ISREG(st.st_mode) ? fc_steal_fd(&fd) : -EINVAL;
}

/* Whether a mark that is locked now was not removed before. */
static bool mark_is_there(int folder, const char *name, int fd)
{
    struct stat named, opened;

    return fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &opened) == 0 &&
           named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

static int mark_take(int folder, const char *name, const char *show)
{
    FC_AUTO_CLOSE int fd = mark_open(folder, name, O_RDWR | O_CREAT);
    size_t bytes = strlen(show);
    int r = fd < 0 ? fd : mark_lock(fd, F_OFD_SETLKW, F_RDLCK);

    if (r < 0)
        return r;
    if (!mark_is_there(folder, name, fd))
        return -EAGAIN;
    if (!mark_is(fd, show, bytes) && (ftruncate(fd, 0) < 0 || pwrite(fd, show, bytes, 0) != (ssize_t)bytes))
        return errno ? -errno : -EIO;
    return fc_steal_fd(&fd);
}

int state_mark_take(const char *state_folder, const char *name, const char *show)
{
    FC_AUTO_CLOSE int state = open(state_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FC_AUTO_CLOSE int folder = -1;
    int r;

    if (state < 0 || (mkdirat(state, MARK_FOLDER, 0700) < 0 && errno != EEXIST))
        return -errno;
    folder = openat(state, MARK_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        return -errno;
    do
        r = mark_take(folder, name, show);
    while (r == -EAGAIN);
    return r;
}

static int mark_path(const char *name, char *path, size_t bytes)
{
    return snprintf(path, bytes, MARK_FOLDER "/%s", name) < (int)bytes ? 0 : -ENAMETOOLONG;
}

void state_mark_read(struct state_mark *mark, int state_folder, const char *name)
{
    char path[512];
    ssize_t n;

    *mark = (struct state_mark){.fd = -1};
    if (mark_path(name, path, sizeof(path)) == 0)
        mark->fd = mark_open(state_folder, path, O_RDWR);
    if (mark->fd < 0)
        return;
    mark->is_running = mark_lock(mark->fd, F_OFD_GETLK, F_WRLCK) != F_UNLCK;
    n = pread(mark->fd, mark->show, sizeof(mark->show) - 1, 0);
    mark->show[n > 0 ? n : 0] = '\0';
}

void state_mark_deinit(struct state_mark *mark)
{
    fc_closep(&mark->fd);
}

bool state_mark_lock(struct state_mark *mark)
{
    return mark->fd < 0 || mark_lock(mark->fd, F_OFD_SETLK, F_WRLCK) >= 0;
}

void state_mark_remove(int state_folder, const char *name)
{
    char path[512];

    if (mark_path(name, path, sizeof(path)) == 0)
        unlinkat(state_folder, path, 0);
}
