/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens nothing but regular files, and follows no link. */
#include "broker/os/kept_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

int kept_file_open_folder(const char *state_folder, const char *name)
{
    FC_AUTO_CLOSE int state = open(state_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int folder;

    if (state < 0 || (mkdirat(state, name, 0700) < 0 && errno != EEXIST))
        return -errno;
    folder = openat(state, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return folder < 0 ? -errno : folder;
}

ssize_t kept_file_read(int folder, const char *name, char *text, size_t most)
{
    FC_AUTO_CLOSE int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    n = read(fd, text, most);
    if (n < 0)
        return -errno;
    if ((size_t)n == most)
        return -EFBIG;
    text[n] = '\0';
    return n;
}

int kept_file_set_aside(int folder, const char *name)
{
    char aside[NAME_MAX + 1];

    if (snprintf(aside, sizeof(aside), "%s.damaged", name) >= (int)sizeof(aside))
        return -ENAMETOOLONG;
    return renameat(folder, name, folder, aside) < 0 ? -errno : 0;
}
