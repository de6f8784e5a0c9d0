/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages as events: what a peer sends becomes values of those channels that are mapped from. Pure; in
 * drivers.
 *
 * What it remembers is as large for each of the sixteen MIDI channels, whatever comes. A value of 14 bits
 * comes in two messages: the first one waits for the second until midi_in_end(), so that both together are
 * one event if they come together.
 */
#ifndef BROKER_MIDI_IN_H
#define BROKER_MIDI_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/midi/channels.h"
#include "broker/midi/clock.h"
#include "broker/midi/timecode.h"

/* Is called for each event. */
typedef void (*midi_emit_fn)(void *userdata, uint32_t id, double value);

/* What the controllers of a MIDI channel said last. */
struct midi_in_channel {
    uint8_t coarse[MIDI_MAX_7 + 1]; /* of pairs */
    uint8_t parameter[2][2];        /* the parameter that is selected: of rpn, nrpn; coarse, fine */
    uint8_t is_nrpn;                /* which of these was selected last */
};

/* A coarse half that waits. */
struct midi_in_half {
    bool is_there;
    uint8_t channel;
    uint8_t fine; /* the controller that has the other half */
    uint32_t id;
    double value; /* without it */
};

enum { MIDI_IN_PARAMETER, MIDI_IN_PAIR, MIDI_IN_HALVES_ };

struct midi_in {
    struct midi_channels *channels; /* borrowed */
    midi_emit_fn emit;
    void *userdata; /* of `emit` */
    struct midi_in_channel state[MIDI_CHANNELS];
    struct midi_in_half halves[MIDI_IN_HALVES_];
    struct midi_clock clock;
    struct midi_timecode timecode;
};

void midi_in_init(struct midi_in *in, struct midi_channels *channels, midi_emit_fn emit, void *userdata);

/*
 * Takes a complete message, with its status; a system exclusive one from F0 to F7. Returns 0, or -EBADMSG if
 * it is none. What is sound but no channel's is 0.
 */
int midi_in(struct midi_in *in, const uint8_t *bytes, size_t n, uint64_t now_ns);

/* Nothing more comes now: what waits for its other half goes without it. */
void midi_in_end(struct midi_in *in);

/* Says on the channel `alive` whether there is somebody, if that is news. */
void midi_in_alive(struct midi_in *in, bool is_alive);

/* Forgets what peers have said, since others come. */
void midi_in_forget(struct midi_in *in);

#endif
