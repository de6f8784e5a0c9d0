/* SPDX-License-Identifier: BSD-2-Clause */
/* Folders and control files of cgroups. */
#include "broker/os/cgroup_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

int cgroup_write(int folder, const char *file, const char *format, ...)
{
    FC_AUTO_CLOSE int fd = openat(folder, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    va_list args;
    char text[128];
    int n;

    if (fd < 0)
        return -errno;
    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return write(fd, text, (size_t)n) < 0 ? -errno : 0;
}

int cgroup_read(int folder, const char *file, char *text, size_t bytes)
{
    FC_AUTO_CLOSE int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 ? -1 : read(fd, text, bytes - 1);

    if (n < 0)
        return -errno;
    text[n] = '\0';
    return (int)n;
}

int cgroup_make(int parent, const char *name)
{
    int fd;

    if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
        return -errno;
    fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? -errno : fd;
}

int cgroup_give(int folder, uid_t uid, gid_t gid)
{
    if (uid == geteuid())
        return 0;
    /* the right to move processes between such groups, not the one to change their limits */
    return fchownat(folder, "cgroup.procs", uid, gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}
