/* SPDX-License-Identifier: BSD-2-Clause */
/* What the sequencer is told. In drivers. */
#ifndef BROKER_DRIVERS_MIDI_OUTPUT_H
#define BROKER_DRIVERS_MIDI_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

struct alsa_sequencer;

/* Hands a message over, to go out with the next flush; `sequencer` is a struct alsa_sequencer. */
void alsa_output_send(void *sequencer, const uint8_t *bytes, size_t n);

/* Sends what was handed over, now or as soon as the sequencer takes it. */
void alsa_output_flush(struct alsa_sequencer *sequencer);

#endif
