/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens when an instance's private folder is larger than the options state and state-files allow: its
 * worker is killed, whatever it is doing. Only a worker that found the folder full may go on importing its
 * modules, so that it can remove files. A folder that has grown far beyond the options gets no further worker
 * until somebody starts the instance. Only for this folder.
 */
#ifndef BROKER_PYTHON_STATE_LIMIT_H
#define BROKER_PYTHON_STATE_LIMIT_H

struct python;

/* Has the private folder counted from now on, for a worker that is about to be started. -errno. */
int python_limit_state(struct python *python);

/* Does not have it counted any more. */
void python_unlimit_state(struct python *python);

#endif
