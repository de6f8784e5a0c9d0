/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a Python instance tells the show's observer (show/observer.h), which may write it down. Each function
 * costs one comparison while nobody records. Only for this folder.
 */
#ifndef BROKER_PYTHON_JOURNAL_H
#define BROKER_PYTHON_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/guest/guest.h"

struct python;

/* The script is about to be called; see guest_ops. */
uint64_t python_begins(void *userdata, enum guest_phase phase, const struct message_batch *batch);

/* The script put something out. */
void python_journal_output(struct python *python, const uint32_t *channels, const double *values, size_t n);

/* Intervals were called. */
void python_journal_ticked(struct python *python, const struct message_ticks *ticked);

/* The step is over; with `died` because the worker has ended. */
void python_journal_done(struct python *python, bool died);

/* Whether there is an observer. */
bool python_is_recorded(const struct python *python);

/* Notes that only the first `n` events of the batch are over when its worker ends: the others come again in
 * another batch. */
void python_journal_cut(struct python *python, size_t n);

/* Whether the instance gets its batches from a recording; if so, lets that go on. */
bool python_leaves_it_to_replay(const struct python *python);

#endif
