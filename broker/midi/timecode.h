/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MIDI time code: eight quarter frames say a time, over two frames; a full frame says it at once. Pure; in
 * drivers.
 */
#ifndef BROKER_MIDI_TIMECODE_H
#define BROKER_MIDI_TIMECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MIDI_QUARTER_FRAMES 8 /* that say a time */

struct midi_time {
    uint8_t hours, minutes, seconds, frames;
    uint8_t type; /* frames in a second: 0: 24, 1: 25, 2: 30 drop frame, 3: 30 */
};

/* A zeroed structure knows nothing. */
struct midi_timecode {
    uint8_t pieces[MIDI_QUARTER_FRAMES];
    unsigned n_pieces; /* that came in order, up to 8 */
    bool is_running;   /* `time` was said by quarter frames, of which none was missing */
    struct midi_time time;
};

/* Takes the data byte of a quarter frame. Returns whether `timecode->time` is a new time. */
bool midi_timecode_quarter(struct midi_timecode *timecode, uint8_t data);

/* Takes a complete system exclusive message. Returns whether it is a full frame with a new time. */
bool midi_timecode_full(struct midi_timecode *timecode, const uint8_t *bytes, size_t n);

/* Returns a time as a part of a day. */
double midi_timecode_of_day(const struct midi_time *time);

#endif
