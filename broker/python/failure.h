/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the broker remembers of imports that failed: the same traceback is logged once and then counted, and
 * what only a change of a file can help waits for that. Only for this folder.
 */
#ifndef BROKER_PYTHON_FAILURE_H
#define BROKER_PYTHON_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

struct message_failure;
struct python;

/* As `failed` of struct guest_ops: logs a new traceback, and counts one that was logged before. */
void python_failed(void *userdata, const struct message_failure *failure);

/* The next traceback is a new one. */
void python_forget_failure(struct python *python);

/* Whether the worker that has just ended met what only a change of a file can help. */
bool python_waits_for_files(const struct python *python);

/* Whether the instance has no worker for that reason: a change of a file starts it, whatever `reload` says.
 */
bool python_is_held_by_files(const struct python *python);

/*
 * Adds to `why` how often the worker's import has failed in the same way, if it has not been logged for that.
 * Returns `why`, or `text`, which it fills.
 */
const char *python_failure_suffix(const struct python *python, const char *why, char *text, size_t bytes);

#endif
