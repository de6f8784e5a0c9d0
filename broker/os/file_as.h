/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files with somebody else's rights, for a process that is root: her uid and gid count, and no groups. For a
 * thread that is the only one of its process. Whoever is not root opens with the rights that there are.
 */
#ifndef BROKER_OS_FILE_AS_H
#define BROKER_OS_FILE_AS_H

#include <stdbool.h>
#include <sys/types.h>

/* Whose rights. */
struct file_identity {
    uid_t uid;
    gid_t gid;
    bool is_switched; /* this process is root: otherwise nothing is changed */
};

/* From here on paths are walked as her. 0, or -EPERM, and then nothing is changed. */
int file_as_begin(const struct file_identity *identity);

/* And now as root again. */
void file_as_end(const struct file_identity *identity);

/*
 * Opens a regular file for reading as her. Waits for nobody: not for the other end of a pipe either. -EINVAL
 * if it is no regular file, or -errno.
 */
int file_as_open(const struct file_identity *identity, const char *path);

/* A descriptor (O_PATH) of a file or folder that she can reach, or -errno. */
int file_as_find(const struct file_identity *identity, const char *path);

#endif
