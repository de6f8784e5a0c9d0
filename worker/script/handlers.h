/* SPDX-License-Identifier: BSD-2-Clause */
/* From the name of a channel to the function that handles it. */
#ifndef WORKER_SCRIPT_HANDLERS_H
#define WORKER_SCRIPT_HANDLERS_H

#include "worker/base/python.h"

/*
 * The callable that a dotted name means: an imported module (the longest one that fits) and attributes of it.
 * A new reference, or NULL with the reason, and no exception set, in `reason`.
 */
PyObject *handlers_find(const char *name, char *reason, size_t bytes);

#endif
