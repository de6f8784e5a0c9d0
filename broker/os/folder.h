/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes and removes the broker's own folders. Called while a broker starts and ends; each call may wait for
 * the disk. */
#ifndef BROKER_OS_FOLDER_H
#define BROKER_OS_FOLDER_H

#include <sys/types.h>

/* Makes a folder with `mode`, and those above it that are missing with 0755. -errno. */
int folder_make(const char *path, mode_t mode);

/*
 * Makes a folder to which nobody else can write. -EPERM if there is one already that belongs to somebody else
 * or that others can write to, which /tmp would allow; other -errno.
 */
int folder_make_private(const char *path);

/* Removes a folder and the files directly in it; what cannot be removed stays. */
void folder_remove(const char *path);

#endif
