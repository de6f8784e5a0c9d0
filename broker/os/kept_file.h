/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small file in which the broker keeps something across its starts. Read in the broker before it is
 * confined, which may wait for the disk; after that only the scribe (scribe.h) has the file.
 */
#ifndef BROKER_OS_KEPT_FILE_H
#define BROKER_OS_KEPT_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Opens a folder below the state folder, and makes it if it is missing. A descriptor, or -errno. */
int kept_file_open_folder(const char *state_folder, const char *name);

/* Reads a file of less than `most` bytes as text, which ends with a NUL. Its bytes, or -errno: -EFBIG. */
ssize_t kept_file_read(int folder, const char *name, char *text, size_t most);

/* Renames a file to NAME.damaged, in place of an older one. 0 or -errno. */
int kept_file_set_aside(int folder, const char *name);

#endif
