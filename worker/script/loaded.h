/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which files of the scripts' folder have been imported: the broker looks whether they change. Needs the
 * interpreter lock, and the main thread.
 */
#ifndef WORKER_SCRIPT_LOADED_H
#define WORKER_SCRIPT_LOADED_H

/* `folder` as it is in sys.path; borrowed for ever. */
void loaded_init(const char *folder);

/*
 * Adds what was imported since the last call to the next report; costs next to nothing if that is nothing.
 * 0 or -errno: the link is broken, or there is no memory.
 */
int loaded_report(void);

#endif
