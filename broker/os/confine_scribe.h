/* SPDX-License-Identifier: BSD-2-Clause */
/* The confinement of the process that replaces one small file (scribe.h). In the scribe. */
#ifndef BROKER_OS_CONFINE_SCRIBE_H
#define BROKER_OS_CONFINE_SCRIBE_H

/*
 * Leaves this process no capability, no program, no socket but those that it has, and of all files those in
 * `folder`. For good. 0, or -errno with the reason in the log; goes on without Landlock, as confine_broker().
 */
int confine_scribe(int folder);

#endif
