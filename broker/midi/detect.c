/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages in words. Pure; in drivers. */
#include "broker/midi/detect.h"

#include <stdio.h>

#include "broker/midi/message.h"
#include "broker/midi/name.h"
#include "broker/midi/show_control.h"
#include "broker/midi/value.h"

#define DETECT_MAX_NAME 128

static bool detect_exclusive(const uint8_t *message, size_t n, char *text, size_t bytes)
{
    struct midi_show show;
    char name[DETECT_MAX_NAME];
    int at;

    if (midi_show_read(message, n, &show) && *midi_show_word(show.kind, show.command)) {
        midi_name_write(&(struct midi_name){.kind = show.kind, .number = show.command, .text = show.cue},
                        name, sizeof(name));
        snprintf(text, bytes, "%s = 1", name);
        return true;
    }
    at = snprintf(text, bytes, "sysex.");
    for (size_t i = 1; i + 1 < n && (size_t)at + 3 < bytes; i++)
        at += snprintf(text + at, bytes - (size_t)at, "%02x", message[i]);
    return true;
}

/* What belongs to one of the sixteen channels. */
static void detect_of_channel(const uint8_t *message, char *text, size_t bytes)
{
    static const enum midi_kind kinds[] = {MIDI_NOTE,    MIDI_NOTE,       MIDI_PRESSURE, MIDI_CC,
                                           MIDI_PROGRAM, MIDI_AFTERTOUCH, MIDI_PITCH};
    unsigned status = message[0] >> 4;
    struct midi_name name = {.kind = kinds[status - 8], .channel = message[0] & 0x0f, .text = ""};
    double value;
    char channel[DETECT_MAX_NAME];

    if (status == MIDI_STATUS_PITCH >> 4) {
        value = midi_value_from_pitch(midi_value_join(message[2], message[1]));
    } else if (midi_message_bytes(message[0]) == 2) {
        value = midi_value_from_7(message[1]);
    } else {
        name.number = message[1];
        value = status == MIDI_STATUS_NOTE_OFF >> 4 ? 0 : midi_value_from_7(message[2]);
    }
    midi_name_write(&name, channel, sizeof(channel));
    snprintf(text, bytes, "%s = %f", channel, value);
}

bool midi_detect(const uint8_t *message, size_t n, char *text, size_t bytes)
{
    if (!midi_message_is_sound(message, n))
        return false;
    if (message[0] < MIDI_STATUS_EXCLUSIVE) {
        detect_of_channel(message, text, bytes);
        return true;
    }
    switch (message[0]) {
    case MIDI_STATUS_EXCLUSIVE:
        return detect_exclusive(message, n, text, bytes);
    case MIDI_STATUS_POSITION:
        snprintf(text, bytes, "position = %f", midi_value_from_14(midi_value_join(message[2], message[1])));
        return true;
    case MIDI_STATUS_START:
    case MIDI_STATUS_CONTINUE:
    case MIDI_STATUS_STOP:
        snprintf(text, bytes, "%s = 1",
                 message[0] == MIDI_STATUS_START  ? "start"
                 : message[0] == MIDI_STATUS_STOP ? "stop"
                                                  : "continue");
        return true;
    default:
        return false;
    }
}
