/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads lines of /proc/PID/maps. */
#include "broker/gate/maps.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MAPS_DELETED " (deleted)" /* that the kernel adds, see proc_pid_maps(5) */

bool maps_is_deleted(const char *line, const char *folder, ino_t *file)
{
    size_t bytes = strlen(line), end = sizeof(MAPS_DELETED) - 1, n = strlen(folder);
    uint64_t inode;
    int path = 0;

    /* addresses, permissions, offset, device, inode, and behind any number of spaces the path */
    if (bytes < end || strcmp(line + bytes - end, MAPS_DELETED) != 0 ||
        sscanf(line, "%*x-%*x %*s %*x %*x:%*x %" SCNu64 " %n", &inode, &path) != 1 || !path ||
        strncmp(line + path, folder, n) != 0 || line[(size_t)path + n] != '/')
        return false;
    *file = (ino_t)inode;
    return true;
}
