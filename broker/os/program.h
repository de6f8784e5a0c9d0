/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the programs that belong to this one, and ends them with it. In every process of firecurtain. */
#ifndef BROKER_OS_PROGRAM_H
#define BROKER_OS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#define PROGRAM_BROKER "firecurtain-broker"
#define PROGRAM_DESK   "firecurtain-desk"
#define PROGRAM_WORKER "firecurtain-worker"

/*
 * Finds a program near this one, in the build tree or the installation. If there is none, it names the place
 * where it should be, for the message that it is missing: a built program never takes an installed one's
 * parts. A path that does not fit is cut.
 */
void program_find(const char *name, char *path, size_t bytes);

/* Finds the program of a driver (firecurtain/driver.h) in the same way, and returns its name in `path`. */
const char *program_find_driver(const char *driver, char *path, size_t bytes);

/* Finds a folder of files that belong to these programs, in the same way. */
void program_find_data(const char *name, char *path, size_t bytes);

/*
 * Has this process end with the broker, which has the other end of `link`, a socket; also if that was killed
 * while this process started. Confinement keeps it so. False if it is gone, or this cannot be.
 */
bool program_follows_broker(int link);

#endif
