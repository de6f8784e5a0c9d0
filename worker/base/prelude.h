/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions of worker/prelude, Python code of the worker itself that scripts do not see. Zygote and
 * workers. */
#ifndef WORKER_BASE_PRELUDE_H
#define WORKER_BASE_PRELUDE_H

#include "worker/base/python.h"

/* Runs the sources, once, in the zygote. -1 with an exception set. */
int prelude_load(void);

/* Calls one of their functions, without arguments. -1 with an exception set. */
int prelude_call(const char *function);

/* Calls one with an argument. A new reference, or NULL with an exception set. */
PyObject *prelude_ask(const char *function, PyObject *argument);

#endif
