/* SPDX-License-Identifier: BSD-2-Clause */
/* The devices that the options name: found and connected when they are there, and again when they come back.
 * In drivers. */
#ifndef BROKER_DRIVERS_MIDI_DEVICES_H
#define BROKER_DRIVERS_MIDI_DEVICES_H

#include <alsa/asoundlib.h>
#include <stddef.h>

struct alsa;
struct alsa_sequencer;

/* Connects to those that are there, and says what is missing. */
void alsa_devices_look(struct alsa_sequencer *sequencer);

/* Takes an announcement of the system's. */
void alsa_devices_announced(struct alsa_sequencer *sequencer, const snd_seq_event_t *event);

/* Finds out what has changed, since announcements were lost. */
void alsa_devices_check(struct alsa_sequencer *sequencer);

/* Says which are there, and which are missing. */
void alsa_devices_describe(const struct alsa *alsa, char *text, size_t bytes);

#endif
