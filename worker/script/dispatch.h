/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the script: its import, events until the broker says stop, its end. */
#ifndef WORKER_SCRIPT_DISPATCH_H
#define WORKER_SCRIPT_DISPATCH_H

#include "proto/codec.h"

/* Adds the channels of the setup message. 0, or -1 with an exception set. */
int dispatch_prepare(const struct message_setup *setup);

/*
 * Imports the modules, finds the handlers and sends what the modules put out. 0, or the exit status for the
 * worker, after logging the reason.
 */
int dispatch_import(const char *const *modules, size_t n_modules, const char *default_handler);

/* Handles messages until the broker says stop. Returns the worker's exit status. */
int dispatch_run(void);

#endif
