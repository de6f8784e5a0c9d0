/* SPDX-License-Identifier: BSD-2-Clause */
/* Deleted files among the mappings of a process, as /proc/PID/maps lists them: see proc_pid_maps(5). Pure. */
#ifndef BROKER_GATE_MAPS_H
#define BROKER_GATE_MAPS_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether a line, without its newline, is a mapping of a deleted file below a folder, as the process sees it.
 * If so, which file. */
bool maps_is_deleted(const char *line, const char *folder, ino_t *file);

#endif
