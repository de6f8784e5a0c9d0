/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The next worker of an instance: when files that a script was loaded from have changed, it imports them
 * beside the running worker, which plays on. If the import succeeds, the two change places between two
 * batches, and the old one cleans up. If it fails, only the log has changed. Only for this folder.
 */
#ifndef BROKER_PYTHON_NEXT_H
#define BROKER_PYTHON_NEXT_H

#include <stdbool.h>

struct python;

/* Prepares for the first one. */
void python_next_init(struct python *python);

/* Starts one, as soon as it is its turn. */
void python_next_start(struct python *python);

/* Ends the one that there may be. */
void python_next_drop(struct python *python);

/* Makes the next worker the running one, which has just ended. Returns false if there is none. */
bool python_next_take_over(struct python *python);

/*
 * Does what can be done now, unless the instance is stopping: replaces the worker if the next one is ready
 * and this one idle, and sends what waits.
 */
void python_go_on(struct python *python);

#endif
