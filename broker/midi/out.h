/* SPDX-License-Identifier: BSD-2-Clause */
/* Values as messages: what channels are set to becomes bytes. Pure; in drivers. */
#ifndef BROKER_MIDI_OUT_H
#define BROKER_MIDI_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/midi/channels.h"

/* Is called for each complete message, in order. */
typedef void (*midi_send_fn)(void *userdata, const uint8_t *bytes, size_t n);

/* A zeroed structure ends notes by a velocity of 0, and sends parameters in full. */
struct midi_out {
    bool has_note_off; /* notes end by Note Off */
    bool is_short;     /* a parameter stays selected once it was set */
    midi_send_fn send;
    void *userdata;                                        /* of `send` */
    uint8_t sounding[MIDI_CHANNELS][(MIDI_MAX_7 + 1) / 8]; /* a bit for each note */
};

/* Sends what sets a channel to a value from 0 to 1. */
void midi_out(struct midi_out *out, const struct midi_channel *channel, double value);

/* Ends all notes that were begun. */
void midi_out_silence(struct midi_out *out);

#endif
