/* SPDX-License-Identifier: BSD-2-Clause */
/* The Python interpreter: started once in the zygote, used by the workers forked from it. */
#ifndef WORKER_BASE_INTERPRETER_H
#define WORKER_BASE_INTERPRETER_H

#include "worker/base/python.h"

#include <stdbool.h>

/*
 * Starts an isolated interpreter (no environment, no user site) with the usual modules imported and frozen,
 * so that workers share their memory. `make` makes the built-in module `name`. -1 with the reason said in the
 * log.
 */
int interpreter_start(const char *name, PyObject *(*make)(void));

/* Does what every worker does at its start, so many times, and leaves no trace of it but speed. */
void interpreter_rehearse(int turns);

/* Puts a folder first in the search path, or before Debian's packages. -1 with an exception set. */
int interpreter_add_path(const char *folder, bool first);

/* Sets NAME=value in os.environ. -1 with an exception set. */
int interpreter_set_environment(const char *entry);

/*
 * Logs the exception that is set as an error, headed by what happened; clears it. SystemExit is not special.
 */
void interpreter_log_exception(const char *happened);

/* What an uncaught SystemExit wants as exit status; clears it. */
int interpreter_exit_status(void);

/* Flushes sys.stdout and sys.stderr; failures do not matter. */
void interpreter_flush(void);

#endif
