/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the function that handles a channel, by its name. */
#ifndef WORKER_SCRIPT_HANDLERS_H
#define WORKER_SCRIPT_HANDLERS_H

#include "worker/base/python.h"

#include <stddef.h>

/*
 * Finds the callable of a dotted name: an imported module (the longest that fits) followed by attributes. A
 * new reference; or NULL, with the reason in `reason` and no exception set.
 */
PyObject *handlers_find(const char *name, char *reason, size_t bytes);

/* Returns the first of these modules that has a callable of a name without a dot; NULL if none has. */
const char *handlers_find_owner(const char *const *modules, size_t n_modules, const char *name);

#endif
