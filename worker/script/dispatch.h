/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a script: import, events, the end. */
#ifndef WORKER_SCRIPT_DISPATCH_H
#define WORKER_SCRIPT_DISPATCH_H

#include "proto/codec.h"

/* Takes over the channels of the setup message. 0, or -1 with an exception set. */
int dispatch_prepare(const struct message_setup *setup);

/*
 * Imports the modules, finds the handlers and sends what the modules put out. 0, or the exit status with
 * which the worker should end; the reason is in the log.
 */
int dispatch_import(const char *const *modules, size_t n_modules, const char *default_handler);

/* Handles messages until the broker says stop. The worker's exit status. */
int dispatch_run(void);

#endif
