/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Patterns of system exclusive messages: pairs of hexadecimal digits, in which `xx` stands for a value of 7
 * bits, and `hh` and `ll` for the upper and lower half of one of 14 bits. F0 and F7 may be left out. Pure; in
 * the broker and drivers.
 */
#ifndef BROKER_MIDI_SYSEX_H
#define BROKER_MIDI_SYSEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firecurtain/backend.h"

#define MIDI_SYSEX_BYTES 96 /* with F0 and F7 */

/* In place of a byte: what does not occur between F0 and F7. */
enum {
    MIDI_SYSEX_VALUE = 0x80,
    MIDI_SYSEX_COARSE,
    MIDI_SYSEX_FINE,
};

struct midi_sysex {
    uint8_t bytes[MIDI_SYSEX_BYTES];
    size_t n;
    bool has_value;
};

/* Reads a pattern. -EINVAL with `reason`. */
int midi_sysex_read(const char *text, struct midi_sysex *sysex, struct fc_reason *reason);

/* Whether a message fits; if so, its value, which is 1 if the pattern has no place for one. */
bool midi_sysex_matches(const struct midi_sysex *sysex, const uint8_t *bytes, size_t n, double *value);

/* Writes the message for a value, with `sysex->n` bytes. */
void midi_sysex_write(const struct midi_sysex *sysex, double value, uint8_t *bytes);

#endif
