/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reports which files of the scripts' folder were imported; the broker watches them for changes. For the main
 * thread, with the interpreter lock held.
 */
#ifndef WORKER_SCRIPT_LOADED_H
#define WORKER_SCRIPT_LOADED_H

/* Starts with what the interpreter itself imported. `folder`, as in sys.path, must exist for ever. */
void loaded_init(const char *folder);

/*
 * Adds to the next report what was imported since the last call, which costs almost nothing if that is
 * nothing. 0 or -errno: the link is broken, or memory is short.
 */
int loaded_report(void);

/* Adds a file to what the next call reports, if it is in the script's folder. 0 or -errno. */
int loaded_add(const char *path);

#endif
