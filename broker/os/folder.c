/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes folders, and checks that no other user has made or can change them. */
#include "broker/os/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

int folder_make(const char *path, mode_t mode)
{
    FC_AUTO_FREE char *copy = strdup(path);

    if (!copy)
        return -ENOMEM;
    for (char *slash = copy + 1;; slash++) {
        slash = strchr(slash, '/');
        if (slash)
            *slash = '\0';
        if (mkdir(copy, slash ? 0755 : mode) < 0 && errno != EEXIST)
            return -errno;
        if (!slash)
            return 0;
        *slash = '/';
    }
}

int folder_make_private(const char *path)
{
    struct stat st;
    int r = folder_make(path, 0700);

    if (r < 0)
        return r;
    if (lstat(path, &st) < 0)
        return -errno;
    if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
        return -EPERM;
    return 0;
}
