/* SPDX-License-Identifier: BSD-2-Clause */
/* Folders and control files of cgroups, for cgroup.c and cgroup_instance.c. */
#ifndef BROKER_OS_CGROUP_FILE_H
#define BROKER_OS_CGROUP_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Writes to a control file, at once. 0 or -errno. */
int cgroup_write(int folder, const char *file, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Reads the beginning of a control file. Returns the number of bytes without the NUL, or -errno. */
int cgroup_read(int folder, const char *file, char *text, size_t bytes);

/* Makes a group, or opens the one that is there. Returns its folder, or -errno. */
int cgroup_make(int parent, const char *name);

/* Lets a zygote with this uid and gid start processes in a group. 0 or -errno. */
int cgroup_give(int folder, uid_t uid, gid_t gid);

#endif
