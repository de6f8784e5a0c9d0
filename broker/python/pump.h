/* SPDX-License-Identifier: BSD-2-Clause */
/* How events get from the queue to the worker. Only for this folder. */
#ifndef BROKER_PYTHON_PUMP_H
#define BROKER_PYTHON_PUMP_H

struct python;

/* Sends what waits, if the worker is idle or takes a batch ahead. */
void python_pump(struct python *python);

/* The batch that was sent ahead is in the script's hands now, or will not come back. */
void python_begin_ahead(struct python *python);

#endif
