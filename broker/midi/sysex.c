/* SPDX-License-Identifier: BSD-2-Clause */
/* Patterns of system exclusive messages. Pure; in the broker and drivers. */
#include "broker/midi/sysex.h"

#include <ctype.h>
#include <string.h>

#include "broker/midi/value.h"

static int sysex_digit(char digit)
{
    const char *found = strchr("0123456789abcdef", tolower((unsigned char)digit));

    return digit && found ? (int)(found - "0123456789abcdef") : -1;
}

/* Returns what two characters stand for, or -1. */
static int sysex_byte(const char *text)
{
    static const char places[] = "xxhhll";
    int high = sysex_digit(text[0]), low = text[0] ? sysex_digit(text[1]) : -1;

    for (int place = 0; place < 3; place++) {
        if (tolower((unsigned char)text[0]) == places[2 * place] && text[0] == text[1])
            return MIDI_SYSEX_VALUE + place;
    }
    return high >= 0 && low >= 0 ? high << 4 | low : -1;
}

/* A value has one place, or the two of its halves. */
static int sysex_check_places(struct midi_sysex *sysex, const char *text, struct fc_reason *reason)
{
    unsigned n[3] = {0};

    for (size_t i = 1; i + 1 < sysex->n; i++) {
        if (sysex->bytes[i] >= MIDI_SYSEX_VALUE)
            n[sysex->bytes[i] - MIDI_SYSEX_VALUE]++;
    }
    sysex->has_value = n[0] + n[1] > 0;
    if (n[0] > 1 || n[1] > 1 || n[1] != n[2] || (n[0] && n[1]))
        return fc_refuse(reason, "\"%.80s\": the value stands at one xx, or at one hh and one ll", text);
    return 0;
}

int midi_sysex_read(const char *text, struct midi_sysex *sysex, struct fc_reason *reason)
{
    const char *at = text;

    *sysex = (struct midi_sysex){.bytes = {0xf0}, .n = 1};
    if (sysex_byte(at) == 0xf0)
        at += 2;
    for (; *at; at += 2) {
        int byte = sysex_byte(at);

        if (byte == 0xf7 && !at[2])
            break;
        /* a place has a number that no data byte has, and so has a byte from 80 on */
        if (byte < 0 || (byte > MIDI_MAX_7 && sysex_digit(*at) >= 0))
            return fc_refuse(
                reason,
                "\"%.80s\": system exclusive bytes are pairs of hexadecimal digits from 00 to 7f, "
                "or xx for the value, as in sysex.7d01xx",
                text);
        if (sysex->n + 1 == MIDI_SYSEX_BYTES)
            return fc_refuse(reason, "\"%.40s…\": it has more than %d bytes", text, MIDI_SYSEX_BYTES);
        sysex->bytes[sysex->n++] = (uint8_t)byte;
    }
    if (sysex->n == 1)
        return fc_refuse(reason, "the bytes of the system exclusive message are missing, as in sysex.7d01xx");
    sysex->bytes[sysex->n++] = 0xf7;
    return sysex_check_places(sysex, text, reason);
}

bool midi_sysex_matches(const struct midi_sysex *sysex, const uint8_t *bytes, size_t n, double *value)
{
    uint8_t found[3] = {0};

    if (n != sysex->n)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool is_place = i > 0 && i + 1 < n && sysex->bytes[i] >= MIDI_SYSEX_VALUE;

        if (is_place)
            found[sysex->bytes[i] - MIDI_SYSEX_VALUE] = bytes[i];
        else if (bytes[i] != sysex->bytes[i])
            return false;
    }
    *value = 1;
    if (memchr(sysex->bytes, MIDI_SYSEX_VALUE, n))
        *value = midi_value_from_7(found[0]);
    else if (sysex->has_value)
        *value = midi_value_from_14(midi_value_join(found[1], found[2]));
    return true;
}

void midi_sysex_write(const struct midi_sysex *sysex, double value, uint8_t *bytes)
{
    uint16_t number = midi_value_to_14(value);

    memcpy(bytes, sysex->bytes, sysex->n);
    for (size_t i = 1; i + 1 < sysex->n; i++) {
        if (bytes[i] == MIDI_SYSEX_VALUE)
            bytes[i] = midi_value_to_7(value);
        else if (bytes[i] == MIDI_SYSEX_COARSE)
            bytes[i] = (uint8_t)(number >> 7);
        else if (bytes[i] == MIDI_SYSEX_FINE)
            bytes[i] = number & MIDI_MAX_7;
    }
}
