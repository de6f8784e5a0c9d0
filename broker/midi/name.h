/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of MIDI's channels: `ch0.cc7` and what else one of the sixteen MIDI channels has, and what belongs to
 * all of them, such as `clock`, `timecode`, `msc.go.12` and `sysex.7d01xx`. Pure; in the broker and drivers.
 */
#ifndef BROKER_MIDI_NAME_H
#define BROKER_MIDI_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firecurtain/backend.h"

#define MIDI_CHANNELS 16
#define MIDI_MAX_7    127
#define MIDI_MAX_14   16383

enum midi_kind {
    /* of a MIDI channel, with a number */
    MIDI_CC,
    MIDI_CC_PAIR, /* `number` is coarse, `fine` the other */
    MIDI_NOTE,
    MIDI_PRESSURE,
    MIDI_RPN,
    MIDI_NRPN,

    /* of a MIDI channel */
    MIDI_PITCH,
    MIDI_AFTERTOUCH,
    MIDI_PROGRAM,

    /* of all */
    MIDI_CLOCK,
    MIDI_BPM,
    MIDI_START,
    MIDI_CONTINUE,
    MIDI_STOP,
    MIDI_POSITION,
    MIDI_TIMECODE,
    MIDI_TIMECODE_HOURS,
    MIDI_TIMECODE_MINUTES,
    MIDI_TIMECODE_SECONDS,
    MIDI_TIMECODE_FRAMES,
    MIDI_TIMECODE_TYPE,
    MIDI_ALIVE,

    /* of all, with a text of their own */
    MIDI_SHOW,    /* MIDI Show Control: `number` is the command, `text` the cue, or empty for any */
    MIDI_MACHINE, /* MIDI Machine Control: `number` is the command */
    MIDI_SYSEX,   /* `text` is the pattern (sysex.h) */
    MIDI_KINDS_,
};

struct midi_name {
    enum midi_kind kind;
    uint8_t channel;
    uint16_t number;
    uint8_t fine;
    const char *text; /* in what was read; never NULL */
};

/*
 * Reads a name. -EINVAL with `reason` if it is none, FC_DOUBT with `reason` if its number is missing, which
 * counts as 0.
 */
int midi_name_read(const char *text, struct midi_name *name, struct fc_reason *reason);

/* Writes the one spelling of what a name means, cut to the buffer. */
void midi_name_write(const struct midi_name *name, char *text, size_t bytes);

/* Returns the directions in which a kind of channels can be mapped. */
unsigned midi_name_directions(enum midi_kind kind);

/* Whether a channel is something that happens, rather than a state that can be set again. */
bool midi_name_is_moment(enum midi_kind kind);

#endif
