/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private roots, as both drivers and workers build them: detached mounts that are attached to a new root,
 * which is the current folder. What is in a root is said where a process confines itself.
 */
#ifndef PROTO_MOUNTS_H
#define PROTO_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

/* Returns a detached mount of a path of this namespace, with what is mounted below it; or -errno. */
int mounts_take(const char *path);

/*
 * Makes what a mount is attached to, a folder or an empty file, and the folders above it. `target` is
 * relative to the new root. 0; -EROFS if another mount is there already, which may have it; or another
 * -errno.
 */
int mounts_make(const char *target, bool is_folder);

/* Attaches a detached mount, with MOUNT_ATTR_… for it and all below, and shares it with nobody. 0 or -errno.
 */
int mounts_attach(int tree, const char *target, uint64_t attributes);

#endif
