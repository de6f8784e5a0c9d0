/* SPDX-License-Identifier: BSD-2-Clause */
/* The MIDI clock, 24 ticks a beat: where in the beat it is, and the tempo. Pure; in drivers. */
#ifndef BROKER_MIDI_CLOCK_H
#define BROKER_MIDI_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define MIDI_CLOCK_TICKS 24 /* in a beat */

/* A zeroed structure has heard nothing. */
struct midi_clock {
    unsigned tick; /* of the next one in its beat */
    uint64_t times_ns[MIDI_CLOCK_TICKS];
    unsigned n_times; /* of the last beat, as far as ticks came without a pause */
    unsigned next;    /* the oldest of these, once there are all */
};

/* Takes a tick. Returns which one of the beat it is; `bpm` is the tempo, or 0 while it is not known. */
unsigned midi_clock_tick(struct midi_clock *clock, uint64_t now_ns, double *bpm);

/* The next tick is the first one of a beat, or as a song position in sixteenths says. */
void midi_clock_place(struct midi_clock *clock, unsigned sixteenths);

#endif
