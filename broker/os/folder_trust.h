/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a path leads only through folders that nobody but root, or whoever runs this process, can change.
 * A broker that runs as root asks before it makes or opens anything of its own there: somebody who can rename
 * a folder on the way decides where root writes. Runs while a broker starts; may wait for the disk.
 */
#ifndef BROKER_OS_FOLDER_TRUST_H
#define BROKER_OS_FOLDER_TRUST_H

#include <stdbool.h>
#include <stddef.h>

/* What keeps a path from being trusted, as the end of a sentence; empty if nothing does. */
struct folder_doubt {
    char text[512];
};

/*
 * Walks along a path and the links in it. Each folder on the way, and the last name if it exists, belongs to
 * root, to this process's user, or to the owner of /, and others cannot write to it. Above the last name, a
 * folder in which only owners may rename (the sticky bit, as in /tmp) will do. 0, -EPERM with `doubt`, or
 * another -errno.
 */
int folder_trust(const char *path, struct folder_doubt *doubt);

/* Does so if this process runs as root; everybody else may trust whom they like. */
int folder_trust_as_root(const char *path, struct folder_doubt *doubt);

#endif
