/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much a script may put out (option rate). What comes too early waits here, each channel with its newest
 * value, and until all of that has gone and there is allowance again, nothing more is read from the worker:
 * its socket fills, and it waits in its own output(). Others notice nothing.
 *
 * What a user's script puts out at once goes on in slices, one in each turn of the loop, so that it does not
 * get ahead of the events of others. Nothing more is read from its worker before the last slice, either. Only
 * for this folder.
 */
#ifndef BROKER_PYTHON_OUTFLOW_H
#define BROKER_PYTHON_OUTFLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct python;

/* Whether the script has put out so much without allowance that its worker is not read from for now. */
bool python_outflow_is_full(const struct python *python);

/* Emits events now, or as soon as the option rate allows it; those may give way to newer ones. */
void python_outflow_emit(struct python *python, const uint32_t *channels, const double *values, size_t n);

/* Emits everything that waits, since the instance ends: at most two events per channel. */
void python_outflow_finish(struct python *python);

/* Forgets what waits. */
void python_outflow_stop(struct python *python);

/* Whether the router has more to do than a turn of the loop allows; see guest_ops. */
bool python_is_congested(void *userdata);

#endif
