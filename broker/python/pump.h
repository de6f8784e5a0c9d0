/* SPDX-License-Identifier: BSD-2-Clause */
/* How events get from the queue to the worker. Only for this folder. */
#ifndef BROKER_PYTHON_PUMP_H
#define BROKER_PYTHON_PUMP_H

struct python;

/* Sends what waits, if the worker is idle or takes a batch ahead. */
void python_pump(struct python *python);

/* Forgets the events of a batch, once it is done. */
void python_finish_batch(struct python *python);

/* The worker has ended, or is about to be ended: events that the script has not begun with wait again, before
 * all others. */
void python_take_back(struct python *python);

/* Drops what waits, since no worker will come for it; counts and logs that. */
void python_drop_events(struct python *python);

/* The batch that was sent ahead is in the script's hands now. */
void python_begin_ahead(struct python *python);

#endif
