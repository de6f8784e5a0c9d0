/* SPDX-License-Identifier: BSD-2-Clause */
/* What the sequencer says: messages, and that devices come and go. In drivers. */
#ifndef BROKER_DRIVERS_MIDI_INPUT_H
#define BROKER_DRIVERS_MIDI_INPUT_H

/* Takes what is there, a bounded part in each turn; `sequencer` is a struct alsa_sequencer. */
void alsa_input_ready(void *sequencer);

#endif
