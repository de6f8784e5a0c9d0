/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes while an instance runs: of the files that its script was loaded from, and of the configuration.
 * Only for this folder.
 */
#ifndef BROKER_PYTHON_RELOAD_H
#define BROKER_PYTHON_RELOAD_H

struct python;

/* Begins to watch files, before the first worker. */
void python_reload_init(struct python *python);

/* Gives up the next worker, since the instance is to end. */
void python_reload_stop(struct python *python);

/* The instance has ended. */
void python_reload_deinit(struct python *python);

/* The configuration was reloaded, and this instance stays; a slot of the backend's table. */
void python_refresh(void *self);

/*
 * Takes over the values, the figures and the waiting events of an instance of the same name with other
 * options, which has ended; a slot of the backend's table.
 */
void python_inherit(void *self, void *previous);

#endif
