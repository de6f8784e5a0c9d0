/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a show from its configuration to its end. Runs in the broker. */
#ifndef BROKER_DAEMON_RUN_H
#define BROKER_DAEMON_RUN_H

struct daemon_arguments;

/* Returns the exit status (sysexits.h), with the reason on stderr or in the log. */
int daemon_run(const struct daemon_arguments *arguments);

#endif
