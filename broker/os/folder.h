/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the broker's own folders. Called while a broker starts; each call may wait for the disk. */
#ifndef BROKER_OS_FOLDER_H
#define BROKER_OS_FOLDER_H

#include <sys/types.h>

/* Makes a folder with `mode`, and missing ones above it with 0755. 0 or -errno. */
int folder_make(const char *path, mode_t mode);

/*
 * Makes a folder to which no other user can write. 0; -EPERM if there is one already that belongs to another
 * user or that others can write to, as is possible in /tmp; or another -errno.
 */
int folder_make_private(const char *path);

#endif
