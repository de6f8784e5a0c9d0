/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Removes a folder with all that is in it, whatever a script has put there: follows no link, leaves no file
 * system, and works with any depth. Runs in `firecurtain state`.
 */
#ifndef BROKER_OS_FOLDER_REMOVE_H
#define BROKER_OS_FOLDER_REMOVE_H

/* Removes `name` in a folder, which is borrowed. 0; -EXDEV if something is mounted there; or another -errno,
 * with the rest still there. */
int folder_remove(int parent, const char *name);

#endif
