/* SPDX-License-Identifier: BSD-2-Clause */
/* The Python interpreter: started once, in the zygote; the workers forked from it use it. */
#ifndef WORKER_BASE_INTERPRETER_H
#define WORKER_BASE_INTERPRETER_H

#include "worker/base/python.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Starts an isolated interpreter (no environment, no user site). It imports the usual modules and freezes
 * them, which lets workers share their memory. `make` makes the built-in module `name`. -1 after logging the
 * reason.
 */
int interpreter_start(const char *name, PyObject *(*make)(void));

/* Does `turns` times what every worker does at its start. This leaves no trace but makes the start faster. */
void interpreter_rehearse(int turns);

/* Raises a TimeoutError in the main thread, as soon as it executes Python code. For signal handlers. */
void interpreter_interrupt(void);

/* Sets the option that the exception names, and its value; the string must live as long as the process. */
void interpreter_set_limit(const char *option, uint64_t ms);

/* Sets the option stop-timeout, which the exception names if a call is interrupted before its limit. */
void interpreter_set_stop_limit(uint64_t ms);

/* Notes when calls into the script begin. */
void interpreter_begin(uint64_t now_ns);

/* Adds a folder to the search path: first of all, or else before Debian's packages. -1 with an exception set.
 */
int interpreter_add_path(const char *folder, bool first);

/* Sets NAME=value in os.environ. -1 with an exception set. */
int interpreter_set_environment(const char *entry);

/*
 * Returns the current exception with its traceback as Python prints it, and clears it; NULL if that fails.
 * `is_lasting` (or NULL) is set to whether only a change of a file can help.
 */
PyObject *interpreter_take_exception(bool *is_lasting);

/* Logs the current exception as an error, headed by `happened`, and clears it. SystemExit is not special. */
void interpreter_log_exception(const char *happened);

/* Returns the exit status that an uncaught SystemExit asks for, and clears it. */
int interpreter_exit_status(void);

/* Flushes sys.stdout and sys.stderr, ignoring failures. */
void interpreter_flush(void);

#endif
