/* SPDX-License-Identifier: BSD-2-Clause */
/* Switches with setfsuid(2): without fsuid 0 the kernel ignores CAP_DAC_OVERRIDE and the like. */
#include "broker/os/file_as.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

int file_as_begin(const struct file_identity *identity)
{
    if (!identity->is_switched)
        return 0;
    if (setgroups(0, NULL) < 0)
        return -EPERM;
    setfsgid(identity->gid);
    setfsuid(identity->uid);
    /* these return only the previous value, and no error */
    if ((gid_t)setfsgid((gid_t)-1) == identity->gid && (uid_t)setfsuid((uid_t)-1) == identity->uid)
        return 0;
    file_as_end(identity);
    return -EPERM;
}

void file_as_end(const struct file_identity *identity)
{
    if (!identity->is_switched)
        return;
    setfsuid(geteuid());
    setfsgid(getegid());
}

static int file_open(const struct file_identity *identity, const char *path, int flags)
{
    int r = file_as_begin(identity);
    int fd;

    if (r < 0)
        return r;
    fd = open(path, flags | O_CLOEXEC);
    r = fd < 0 ? -errno : fd;
    file_as_end(identity);
    return r;
}

int file_as_open(const struct file_identity *identity, const char *path)
{
    FC_AUTO_CLOSE int fd = file_open(identity, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0)
        return fd == -ENXIO ? -EINVAL : fd; /* such as a socket's file, or a device that is not there */
    if (fstat(fd, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    return S_ISREG(st.st_mode) ? fc_steal_fd(&fd) : -EINVAL;
}

int file_as_find(const struct file_identity *identity, const char *path)
{
    return file_open(identity, path, O_PATH);
}
