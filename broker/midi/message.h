/* SPDX-License-Identifier: BSD-2-Clause */
/* Single MIDI messages, as bytes: their status and their length. Pure; in drivers. */
#ifndef BROKER_MIDI_MESSAGE_H
#define BROKER_MIDI_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest one that means anything; longer ones are sound, but no channel's. */
#define MIDI_MESSAGE_BYTES 1024

enum midi_status {
    MIDI_STATUS_NOTE_OFF = 0x80,
    MIDI_STATUS_NOTE_ON = 0x90,
    MIDI_STATUS_PRESSURE = 0xa0,
    MIDI_STATUS_CC = 0xb0,
    MIDI_STATUS_PROGRAM = 0xc0,
    MIDI_STATUS_AFTERTOUCH = 0xd0,
    MIDI_STATUS_PITCH = 0xe0,
    MIDI_STATUS_EXCLUSIVE = 0xf0,
    MIDI_STATUS_QUARTER_FRAME = 0xf1,
    MIDI_STATUS_POSITION = 0xf2,
    MIDI_STATUS_SONG = 0xf3,
    MIDI_STATUS_EXCLUSIVE_END = 0xf7,
    MIDI_STATUS_CLOCK = 0xf8,
    MIDI_STATUS_START = 0xfa,
    MIDI_STATUS_CONTINUE = 0xfb,
    MIDI_STATUS_STOP = 0xfc,
};

/* Returns how many bytes a message with this status has, or 0 if that is not fixed or it is no status. */
size_t midi_message_bytes(uint8_t status);

/* Whether these are the bytes of one complete message, with its status. */
bool midi_message_is_sound(const uint8_t *bytes, size_t n);

#endif
