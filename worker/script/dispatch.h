/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the script: its import, events until the broker says stop, its end. */
#ifndef WORKER_SCRIPT_DISPATCH_H
#define WORKER_SCRIPT_DISPATCH_H

#include <stdbool.h>

#include "proto/codec.h"

/*
 * Takes over channels: at the worker's start, when the mappings have changed, or when it takes over from
 * another worker. With `resolve`, finds the handlers of those that want one now. 0 or -errno.
 */
int dispatch_channels(const struct message_channels *message, bool resolve);

/*
 * Imports the modules, finds the handlers and sends what the modules put out. 0, or the exit status for the
 * worker, after logging the reason.
 */
int dispatch_import(const char *const *modules, size_t n_modules, const char *default_handler);

/* Handles messages until the broker says stop. Returns the worker's exit status. */
int dispatch_run(void);

#endif
