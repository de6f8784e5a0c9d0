/* SPDX-License-Identifier: BSD-2-Clause */
/* Lengths of MIDI messages. Pure; in drivers. */
#include "broker/midi/message.h"

size_t midi_message_bytes(uint8_t status)
{
    if (status < MIDI_STATUS_NOTE_OFF || status == MIDI_STATUS_EXCLUSIVE ||
        status == MIDI_STATUS_EXCLUSIVE_END)
        return 0;
    if (status < MIDI_STATUS_EXCLUSIVE)
        return status >= MIDI_STATUS_PROGRAM && status < MIDI_STATUS_PITCH ? 2 : 3;
    if (status == MIDI_STATUS_POSITION)
        return 3;
    return status == MIDI_STATUS_QUARTER_FRAME || status == MIDI_STATUS_SONG ? 2 : 1;
}

bool midi_message_is_sound(const uint8_t *bytes, size_t n)
{
    size_t n_data = n;

    if (n == 0)
        return false;
    if (bytes[0] == MIDI_STATUS_EXCLUSIVE) {
        if (n < 2 || bytes[n - 1] != MIDI_STATUS_EXCLUSIVE_END)
            return false;
        n_data--;
    } else if (midi_message_bytes(bytes[0]) != n) {
        return false;
    }
    for (size_t i = 1; i < n_data; i++) {
        if (bytes[i] & 0x80)
            return false;
    }
    return true;
}
