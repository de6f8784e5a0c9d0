/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that were lost, since one side or the other was too slow. In drivers. */
#ifndef BROKER_DRIVERS_MIDI_LOST_H
#define BROKER_DRIVERS_MIDI_LOST_H

#include <stdbool.h>
#include <stddef.h>

struct alsa_sequencer;

/*
 * Counts what was lost, which the log has at most once a second. Of input only the times are known: the
 * kernel throws away what waits together with what did not fit, and counts neither. `event_lost` of its
 * client info is about error messages that could not be returned to a sender.
 */
void alsa_lost(struct alsa_sequencer *sequencer, size_t n_messages, bool is_input);

#endif
