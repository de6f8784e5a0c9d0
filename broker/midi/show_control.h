/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MIDI Show Control and MIDI Machine Control, which are system exclusive messages: `msc.go` is any GO,
 * `msc.go.12.5` that of cue 12.5, `msc.go.12.5/2` that of cue 12.5 in list 2, `msc.fire.7` macro 7, and
 * `mmc.play` a machine's start. Pure; in the broker and drivers.
 */
#ifndef BROKER_MIDI_SHOW_CONTROL_H
#define BROKER_MIDI_SHOW_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/midi/name.h"

#define MIDI_SHOW_CUE_BYTES 64

/* A command, and what it is about: the cue, with its list if that was said; or empty. */
struct midi_show {
    enum midi_kind kind; /* MIDI_SHOW or MIDI_MACHINE */
    uint16_t command;
    char cue[MIDI_SHOW_CUE_BYTES];
};

/* Reads a name behind `msc.` or `mmc.`, as `name->kind` says. -EINVAL with `reason`. */
int midi_show_name_read(const char *text, struct midi_name *name, struct fc_reason *reason);

/* Returns the word for a command. */
const char *midi_show_word(enum midi_kind kind, uint16_t command);

/* Reads a complete system exclusive message. Returns false if it is something else. */
bool midi_show_read(const uint8_t *bytes, size_t n, struct midi_show *show);

/* Whether a channel is about this command. */
bool midi_show_is(const struct midi_show *show, const struct midi_name *name);

#endif
