/* SPDX-License-Identifier: BSD-2-Clause */
/* How workers of an instance are started, and started again after their end. Only for this folder. */
#ifndef BROKER_PYTHON_START_H
#define BROKER_PYTHON_START_H

#include <stdbool.h>

struct python;

/* Prepares for the first one. */
void python_start_init(struct python *python);

/* Starts a worker. -errno. */
int python_spawn(struct python *python);

/* Decides what follows after a worker's end: another one, after a delay, or none. Logs it with `why`. */
void python_again(struct python *python, const char *why, bool is_clean);

/* Starts a worker when it is its turn, in place of the one that there may be, whatever happened before. */
void python_start_over(struct python *python);

#endif
