/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages as events. Pure; in drivers. */
#include "broker/midi/in.h"

#include <errno.h>
#include <string.h>

#include "broker/midi/message.h"
#include "broker/midi/show_control.h"
#include "broker/midi/value.h"

#define IN_UNKNOWN 0x80 /* no data byte */

enum {
    CC_DATA = 6,
    CC_DATA_FINE = 38,
    CC_NRPN_FINE = 98,
    CC_RPN = 101,
};

void midi_in_forget(struct midi_in *in)
{
    memset(in->state, 0, sizeof(in->state));
    memset(in->halves, 0, sizeof(in->halves));
    in->clock = (struct midi_clock){.tick = 0};
    in->timecode = (struct midi_timecode){.n_pieces = 0};
    for (size_t i = 0; i < MIDI_CHANNELS; i++)
        memset(in->state[i].parameter, IN_UNKNOWN, sizeof(in->state[i].parameter));
}

void midi_in_init(struct midi_in *in, struct midi_channels *channels, midi_emit_fn emit, void *userdata)
{
    *in = (struct midi_in){.channels = channels, .emit = emit, .userdata = userdata};
    midi_in_forget(in);
}

static void in_emit(struct midi_in *in, const struct midi_channel *channel, double value)
{
    if (channel)
        in->emit(in->userdata, midi_channels_id(in->channels, channel), value);
}

static void in_emit_of(struct midi_in *in, enum midi_kind kind, uint8_t channel, uint16_t number,
                       double value)
{
    in_emit(in, midi_channels_source(in->channels, kind, channel, number), value);
}

/* Emits on a channel of all MIDI channels, unless it has this value already. */
static void in_emit_change(struct midi_in *in, enum midi_kind kind, double value)
{
    struct midi_channel *channel = midi_channels_source(in->channels, kind, 0, 0);

    if (!channel || (channel->is_emitted && channel->emitted == value))
        return;
    channel->is_emitted = true;
    channel->emitted = value;
    in_emit(in, channel, value);
}

void midi_in_alive(struct midi_in *in, bool is_alive)
{
    in_emit_change(in, MIDI_ALIVE, is_alive);
}

static void in_settle(struct midi_in *in, struct midi_in_half *half)
{
    if (!half->is_there)
        return;
    half->is_there = false;
    in->emit(in->userdata, half->id, half->value);
}

void midi_in_end(struct midi_in *in)
{
    for (size_t i = 0; i < MIDI_IN_HALVES_; i++)
        in_settle(in, &in->halves[i]);
}

/* A coarse half alone has the whole range. */
static void in_wait(struct midi_in *in, struct midi_in_half *half, const struct midi_channel *of,
                    const uint8_t *message, uint8_t fine)
{
    if (!of)
        return;
    *half = (struct midi_in_half){
        .is_there = true,
        .channel = message[0] & 0x0f,
        .fine = fine,
        .id = midi_channels_id(in->channels, of),
        .value = midi_value_from_7(message[2]),
    };
}

/* Returns what the selected parameter is mapped to, or NULL. */
static const struct midi_channel *in_parameter(const struct midi_in *in, uint8_t channel)
{
    const struct midi_in_channel *state = &in->state[channel];
    const uint8_t *halves = state->parameter[state->is_nrpn];
    uint16_t number = midi_value_join(halves[0], halves[1]);

    if (halves[0] == IN_UNKNOWN || halves[1] == IN_UNKNOWN || number == MIDI_MAX_14)
        return NULL; /* none is selected */
    return midi_channels_source(in->channels, state->is_nrpn ? MIDI_NRPN : MIDI_RPN, channel, number);
}

/* A controller as part of a parameter. */
static void in_take_parameter(struct midi_in *in, const uint8_t *message)
{
    uint8_t channel = message[0] & 0x0f, controller = message[1], value = message[2];
    struct midi_in_channel *state = &in->state[channel];

    if (controller >= CC_NRPN_FINE && controller <= CC_RPN) {
        state->is_nrpn = controller < CC_NRPN_FINE + 2;
        state->parameter[state->is_nrpn][controller % 2 == 0] = value;
    } else if (controller == CC_DATA) {
        state->coarse[CC_DATA] = value;
        in_wait(in, &in->halves[MIDI_IN_PARAMETER], in_parameter(in, channel), message, CC_DATA_FINE);
    } else if (controller == CC_DATA_FINE) {
        in->halves[MIDI_IN_PARAMETER].is_there = false;
        in_emit(in, in_parameter(in, channel),
                midi_value_from_14(midi_value_join(state->coarse[CC_DATA], value)));
    }
}

/* A controller as half of a pair. */
static void in_take_pair(struct midi_in *in, const uint8_t *message)
{
    uint8_t channel = message[0] & 0x0f, controller = message[1], value = message[2];
    const struct midi_channel *fine = midi_channels_fine(in->channels, channel, controller);
    const struct midi_channel *coarse = midi_channels_source(in->channels, MIDI_CC_PAIR, channel, controller);
    struct midi_in_channel *state = &in->state[channel];

    if (coarse) {
        state->coarse[controller] = value;
        in_wait(in, &in->halves[MIDI_IN_PAIR], coarse, message, coarse->name.fine);
    }
    if (fine) {
        in->halves[MIDI_IN_PAIR].is_there = false;
        in_emit(in, fine, midi_value_from_14(midi_value_join(state->coarse[fine->name.number], value)));
    }
}

/* What waits for something else than this message waits no longer. */
static void in_settle_others(struct midi_in *in, const uint8_t *message)
{
    for (size_t i = 0; i < MIDI_IN_HALVES_; i++) {
        struct midi_in_half *half = &in->halves[i];

        if (message[0] != (0xb0 | half->channel) || message[1] != half->fine)
            in_settle(in, half);
    }
}

static void in_take_of_channel(struct midi_in *in, const uint8_t *message)
{
    uint8_t channel = message[0] & 0x0f, first = message[1];
    double second = midi_value_from_7(message[2]);

    switch (message[0] >> 4) {
    case 0x8: /* its velocity says how fast the key was released */
        in_emit_of(in, MIDI_NOTE, channel, first, 0);
        break;
    case 0x9:
        in_emit_of(in, MIDI_NOTE, channel, first, second);
        break;
    case 0xa:
        in_emit_of(in, MIDI_PRESSURE, channel, first, second);
        break;
    case 0xb:
        in_emit_of(in, MIDI_CC, channel, first, second);
        in_take_pair(in, message);
        in_take_parameter(in, message);
        break;
    case 0xc:
        in_emit_of(in, MIDI_PROGRAM, channel, 0, midi_value_from_7(first));
        break;
    case 0xd:
        in_emit_of(in, MIDI_AFTERTOUCH, channel, 0, midi_value_from_7(first));
        break;
    default:
        in_emit_of(in, MIDI_PITCH, channel, 0, midi_value_from_pitch(midi_value_join(message[2], first)));
    }
}

static void in_emit_time(struct midi_in *in)
{
    const struct midi_time *time = &in->timecode.time;

    in_emit_change(in, MIDI_TIMECODE_TYPE, midi_value_of_count(time->type));
    in_emit_change(in, MIDI_TIMECODE_HOURS, midi_value_of_count(time->hours));
    in_emit_change(in, MIDI_TIMECODE_MINUTES, midi_value_of_count(time->minutes));
    in_emit_change(in, MIDI_TIMECODE_SECONDS, midi_value_of_count(time->seconds));
    in_emit_change(in, MIDI_TIMECODE_FRAMES, midi_value_of_count(time->frames));
    in_emit_change(in, MIDI_TIMECODE, midi_timecode_of_day(time));
}

/* The tempo is said once a beat, to a tenth. */
static void in_tick(struct midi_in *in, uint64_t now_ns)
{
    double bpm;
    unsigned tick = midi_clock_tick(&in->clock, now_ns, &bpm);

    in_emit_of(in, MIDI_CLOCK, 0, 0, (double)tick / MIDI_CLOCK_TICKS);
    if (tick == 0 && bpm > 0)
        in_emit_change(in, MIDI_BPM, midi_value_of_count(round(bpm * 10) / 10));
}

static void in_take_exclusive(struct midi_in *in, const uint8_t *bytes, size_t n)
{
    struct midi_show show;
    bool is_show = midi_show_read(bytes, n, &show);
    double value;

    if (midi_timecode_full(&in->timecode, bytes, n))
        in_emit_time(in);
    for (size_t i = 0; i < in->channels->n; i++) {
        const struct midi_channel *channel = &in->channels->list[i];

        if (!(channel->directions & FC_SOURCE))
            continue;
        if (channel->sysex && midi_sysex_matches(channel->sysex, bytes, n, &value))
            in_emit(in, channel, value);
        else if (is_show && midi_show_is(&show, &channel->name))
            in_emit(in, channel, 1);
    }
}

static void in_take_of_all(struct midi_in *in, const uint8_t *message, size_t n, uint64_t now_ns)
{
    uint16_t position = n == 3 ? midi_value_join(message[2], message[1]) : 0;

    switch (message[0]) {
    case MIDI_STATUS_EXCLUSIVE:
        in_take_exclusive(in, message, n);
        break;
    case MIDI_STATUS_QUARTER_FRAME:
        if (midi_timecode_quarter(&in->timecode, message[1]))
            in_emit_time(in);
        break;
    case MIDI_STATUS_POSITION:
        midi_clock_place(&in->clock, position);
        in_emit_of(in, MIDI_POSITION, 0, 0, midi_value_from_14(position));
        break;
    case MIDI_STATUS_CLOCK:
        in_tick(in, now_ns);
        break;
    case MIDI_STATUS_START:
        midi_clock_place(&in->clock, 0);
        in_emit_of(in, MIDI_START, 0, 0, 1);
        break;
    case MIDI_STATUS_CONTINUE:
        in_emit_of(in, MIDI_CONTINUE, 0, 0, 1);
        break;
    case MIDI_STATUS_STOP:
        in_emit_of(in, MIDI_STOP, 0, 0, 1);
        break;
    default:
        break;
    }
}

int midi_in(struct midi_in *in, const uint8_t *bytes, size_t n, uint64_t now_ns)
{
    if (!midi_message_is_sound(bytes, n))
        return -EBADMSG;
    if (bytes[0] < MIDI_STATUS_CLOCK) /* real-time messages may stand between the halves */
        in_settle_others(in, bytes);
    if (bytes[0] < MIDI_STATUS_EXCLUSIVE) {
        const uint8_t message[3] = {bytes[0], bytes[1], n == 3 ? bytes[2] : 0};

        in_take_of_channel(in, message);
    } else {
        in_take_of_all(in, bytes, n, now_ns);
    }
    return 0;
}
