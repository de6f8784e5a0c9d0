/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of MIDI: 7 bits in one data byte, 14 bits in two. They are rounded, so that x/127 and x/16383 come
 * back as x, even if they were a float in between. Pure; in drivers.
 */
#ifndef BROKER_MIDI_VALUE_H
#define BROKER_MIDI_VALUE_H

#include <math.h>
#include <stdint.h>

#include "broker/midi/name.h"

#define MIDI_CENTRE 8192 /* of 14 bits */

/* `value` is from 0 to 1. */
static inline uint8_t midi_value_to_7(double value)
{
    return (uint8_t)lround(value * MIDI_MAX_7);
}

/* 0.5 is the centre, since halves are rounded up. */
static inline uint16_t midi_value_to_14(double value)
{
    return (uint16_t)lround(value * MIDI_MAX_14);
}

static inline double midi_value_from_7(uint8_t byte)
{
    return (double)byte / MIDI_MAX_7;
}

static inline double midi_value_from_14(uint16_t number)
{
    return (double)number / MIDI_MAX_14;
}

/* The wheel at rest is exactly 0.5. */
static inline double midi_value_from_pitch(uint16_t number)
{
    return number == MIDI_CENTRE ? 0.5 : midi_value_from_14(number);
}

static inline uint16_t midi_value_join(uint8_t coarse, uint8_t fine)
{
    return (uint16_t)(coarse << 7 | fine);
}

/* For channels that count something: `n` is inputvalue * 255, as with Art-Net's time code. */
static inline double midi_value_of_count(double n)
{
    return n < UINT8_MAX ? n / UINT8_MAX : 1;
}

#endif
