/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files with another user's rights, for a process that is root: the user's uid and gid count, and no
 * supplementary groups. A process that is not root keeps its own rights. The process must have one thread.
 */
#ifndef BROKER_OS_FILE_AS_H
#define BROKER_OS_FILE_AS_H

#include <stdbool.h>
#include <sys/types.h>

/* Whose rights. */
struct file_identity {
    uid_t uid;
    gid_t gid;
    bool is_switched; /* this process is root; otherwise nothing is changed */
};

/* Makes this process walk paths with that user's rights. 0, or -EPERM with nothing changed. */
int file_as_begin(const struct file_identity *identity);

/* Returns to the rights of root. */
void file_as_end(const struct file_identity *identity);

/*
 * Opens a regular file for reading with that user's rights. Never waits, not even for the other end of a
 * pipe. A descriptor, -EISDIR for a folder, -EINVAL for anything else that is not a regular file, or another
 * -errno.
 */
int file_as_open(const struct file_identity *identity, const char *path);

/* Returns a descriptor (O_PATH) of a file or folder that the user can reach, or -errno. */
int file_as_find(const struct file_identity *identity, const char *path);

#endif
