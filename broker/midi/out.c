/* SPDX-License-Identifier: BSD-2-Clause */
/* Values as messages. Pure; in drivers. */
#include "broker/midi/out.h"

#include "broker/midi/message.h"
#include "broker/midi/value.h"

#define OUT_RELEASE 64 /* the velocity of a Note Off, which nobody has measured */

enum {
    CC_DATA = 6,
    CC_DATA_FINE = 38,
    CC_NRPN_FINE = 98,
    CC_NRPN = 99,
    CC_RPN_FINE = 100,
    CC_RPN = 101,
};

static void out_send(struct midi_out *out, unsigned status, unsigned first, unsigned second)
{
    const uint8_t message[3] = {(uint8_t)status, (uint8_t)first, (uint8_t)second};

    out->send(out->userdata, message, midi_message_bytes(message[0]));
}

static void out_cc(struct midi_out *out, uint8_t channel, unsigned controller, unsigned value)
{
    out_send(out, MIDI_STATUS_CC | channel, controller, value);
}

static void out_cc_halves(struct midi_out *out, uint8_t channel, unsigned coarse, unsigned fine,
                          uint16_t value)
{
    out_cc(out, channel, coarse, value >> 7);
    out_cc(out, channel, fine, value & MIDI_MAX_7);
}

static void out_note(struct midi_out *out, uint8_t channel, uint8_t note, uint8_t velocity)
{
    uint8_t *sounding = &out->sounding[channel][note / 8], bit = (uint8_t)(1 << note % 8);

    *sounding = (uint8_t)(velocity ? *sounding | bit : *sounding & ~bit);
    if (!velocity && out->has_note_off)
        out_send(out, MIDI_STATUS_NOTE_OFF | channel, note, OUT_RELEASE);
    else
        out_send(out, MIDI_STATUS_NOTE_ON | channel, note, velocity);
}

static void out_parameter(struct midi_out *out, const struct midi_name *name, uint16_t value)
{
    bool is_nrpn = name->kind == MIDI_NRPN;

    out_cc_halves(out, name->channel, is_nrpn ? CC_NRPN : CC_RPN, is_nrpn ? CC_NRPN_FINE : CC_RPN_FINE,
                  name->number);
    out_cc_halves(out, name->channel, CC_DATA, CC_DATA_FINE, value);
    if (!out->is_short)
        out_cc_halves(out, name->channel, CC_RPN, CC_RPN_FINE, MIDI_MAX_14);
}

static void out_exclusive(struct midi_out *out, const struct midi_sysex *sysex, double value)
{
    uint8_t bytes[MIDI_SYSEX_BYTES];

    if (!sysex->has_value && value <= 0)
        return;
    midi_sysex_write(sysex, value, bytes);
    out->send(out->userdata, bytes, sysex->n);
}

/* What belongs to all MIDI channels. */
static void out_of_all(struct midi_out *out, const struct midi_channel *channel, double value)
{
    uint16_t number = midi_value_to_14(value);

    if (channel->sysex)
        out_exclusive(out, channel->sysex, value);
    else if (channel->name.kind == MIDI_POSITION)
        out_send(out, MIDI_STATUS_POSITION, number & MIDI_MAX_7, number >> 7);
    else if (channel->name.kind == MIDI_CLOCK)
        out_send(out, MIDI_STATUS_CLOCK, 0, 0); /* each part of a beat is one tick */
    else if (value > 0 && channel->name.kind == MIDI_START)
        out_send(out, MIDI_STATUS_START, 0, 0);
    else if (value > 0 && channel->name.kind == MIDI_CONTINUE)
        out_send(out, MIDI_STATUS_CONTINUE, 0, 0);
    else if (value > 0 && channel->name.kind == MIDI_STOP)
        out_send(out, MIDI_STATUS_STOP, 0, 0);
}

void midi_out(struct midi_out *out, const struct midi_channel *channel, double value)
{
    const struct midi_name *name = &channel->name;
    uint8_t of = name->channel, byte = midi_value_to_7(value);
    uint16_t number = midi_value_to_14(value);

    switch (name->kind) {
    case MIDI_CC:
        out_cc(out, of, name->number, byte);
        break;
    case MIDI_CC_PAIR:
        out_cc_halves(out, of, name->number, name->fine, number);
        break;
    case MIDI_NOTE:
        out_note(out, of, (uint8_t)name->number, byte);
        break;
    case MIDI_PRESSURE:
        out_send(out, MIDI_STATUS_PRESSURE | of, name->number, byte);
        break;
    case MIDI_RPN:
    case MIDI_NRPN:
        out_parameter(out, name, number);
        break;
    case MIDI_PITCH:
        out_send(out, MIDI_STATUS_PITCH | of, number & MIDI_MAX_7, number >> 7);
        break;
    case MIDI_AFTERTOUCH:
        out_send(out, MIDI_STATUS_AFTERTOUCH | of, byte, 0);
        break;
    case MIDI_PROGRAM:
        out_send(out, MIDI_STATUS_PROGRAM | of, byte, 0);
        break;
    default:
        out_of_all(out, channel, value);
    }
}

void midi_out_silence(struct midi_out *out)
{
    for (uint8_t channel = 0; channel < MIDI_CHANNELS; channel++) {
        for (uint8_t note = 0; note <= MIDI_MAX_7; note++) {
            if (out->sounding[channel][note / 8] & 1 << note % 8)
                out_note(out, channel, note, 0);
        }
    }
}
