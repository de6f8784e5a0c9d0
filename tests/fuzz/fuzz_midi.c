/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads lines as names of MIDI's channels, and after an empty line the rest as messages, each behind its
 * length, and as values that channels are set to. In addition to the sanitizers it checks that a name has one
 * spelling, that values are from 0 to 1, that what is sent is sound and comes back as the same value, and
 * that no note goes on sounding.
 */
#include <math.h>

#include "broker/midi/message.h"
#include "broker/midi/model.h"
#include "broker/midi/value.h"
#include "tests/fuzz/fuzz.h"

#define MAX_CHANNELS 32

static struct midi midi;
static bool is_sounding[MIDI_CHANNELS][128];
static double emitted[MAX_CHANNELS];

static void emit(void *userdata, uint32_t id, double value)
{
    (void)userdata;
    require(id < midi.channels.n && (midi.channels.list[id].directions & FC_SOURCE));
    require(isfinite(value) && value >= 0 && value <= 1);
    emitted[id] = value;
}

static void sent(void *userdata, const uint8_t *bytes, size_t n)
{
    (void)userdata;
    require(midi_message_is_sound(bytes, n));
    if (bytes[0] >> 4 == 8 || bytes[0] >> 4 == 9)
        is_sounding[bytes[0] & 15][bytes[1]] = bytes[0] >> 4 == 9 && bytes[2];
    require(midi_in(&midi.in, bytes, n, 0) == 0);
}

static void take_name(const char *name)
{
    struct fc_reason reason = {.text = ""};
    char once[256], twice[256];
    struct midi_name read;
    int r = midi_canonical(&midi, name, once, sizeof(once), &reason);

    require((r < 0) == (reason.text[0] != '\0') || r == 0);
    if (r < 0 || midi.channels.n == MAX_CHANNELS)
        return;
    require(midi_canonical(&midi, once, twice, sizeof(twice), &reason) == 0 && strcmp(once, twice) == 0);
    require(midi_name_read(once, &read, &reason) >= 0);
    midi_channel(&midi, (uint32_t)midi.channels.n, once, midi_name_directions(read.kind), &reason);
}

/* Whether a message by itself says the value, for any state of what was received before. */
static bool is_simple(enum midi_kind kind)
{
    return kind < MIDI_CLOCK || kind == MIDI_POSITION;
}

static unsigned steps(enum midi_kind kind)
{
    return kind == MIDI_CC_PAIR || kind == MIDI_RPN || kind == MIDI_NRPN || kind == MIDI_PITCH ||
                   kind == MIDI_POSITION
               ? MIDI_MAX_14
               : MIDI_MAX_7;
}

/* Half a step of what is sent, and float32's error. The wheel's centre, 8192 of 16383, comes back as 0.5,
 * which is another half step away. */
static double tolerance(const struct midi_name *name, double value)
{
    bool is_centre = name->kind == MIDI_PITCH && midi_value_to_14(value) == MIDI_CENTRE;

    return (is_centre ? 1 : 0.5) / steps(name->kind) + 1e-6;
}

static void set(uint32_t id, double value)
{
    const struct midi_name *name = &midi.channels.list[id].name;
    bool is_none = (name->kind == MIDI_RPN || name->kind == MIDI_NRPN) && name->number == MIDI_MAX_14;

    if (!(midi_name_directions(name->kind) & FC_TARGET))
        return;
    midi_set(&midi, id, value);
    midi_in_end(&midi.in);
    if (is_simple(name->kind) && !is_none)
        require(fabs(emitted[id] - value) <= tolerance(name, value));
}

static void take_message(struct input *input)
{
    size_t n, wanted = take_number(input, 1);
    uint8_t *copy;
    bool is_sound;

    if (wanted >= 0x80 && midi.channels.n) { /* a value instead */
        set((uint32_t)(take_number(input, 1) % midi.channels.n), (double)take_number(input, 2) / UINT16_MAX);
        return;
    }
    copy = take_copy(input, wanted, &n);
    is_sound = midi_message_is_sound(copy, n);
    require((midi_in(&midi.in, copy, n, (uint64_t)wanted << 24) == 0) == is_sound);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {data, bytes};
    char line[256];

    midi = (struct midi){.out = {.send = sent}};
    memset(is_sounding, 0, sizeof(is_sounding));
    midi_in_init(&midi.in, &midi.channels, emit, NULL);
    midi.out.has_note_off = take_number(&input, 1) & 1;
    while (input.left && *take_line(&input, line, sizeof(line)))
        take_name(line);
    while (input.left)
        take_message(&input);
    midi_send_again(&midi);
    midi_out_silence(&midi.out);
    midi_in_end(&midi.in);
    for (size_t i = 0; i < sizeof(is_sounding); i++)
        require(!((bool *)is_sounding)[i]);
    midi_deinit(&midi);
    return 0;
}
