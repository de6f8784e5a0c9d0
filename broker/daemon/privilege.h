/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a process can do more than other users. Runs in the command line before it becomes the broker, and
 * in the broker: a program that was installed setuid or with capabilities may pass on less than it has.
 */
#ifndef BROKER_DAEMON_PRIVILEGE_H
#define BROKER_DAEMON_PRIVILEGE_H

#include <sysexits.h>

/*
 * Refuses --insecure-no-sandbox to somebody with privileges: without a sandbox a script is the caller, so the
 * caller must not be able to do more than other users. EX_OK, or EX_NOPERM with the reason on stderr.
 */
int privilege_check_no_sandbox(void);

#endif
