/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of DMX slots: 8 bits in one slot, 16 bits in a pair. They are rounded, so that x/255 and x/65535
 * come back as x, even if they were a float in between. Pure; used in the broker.
 */
#ifndef BROKER_BACKENDS_DMX_VALUE_H
#define BROKER_BACKENDS_DMX_VALUE_H

#include <math.h>
#include <stdint.h>

#define DMX_SLOTS 512 /* of a universe, counted from 1 in names and from 0 in the code */

/* `value` is from 0 to 1. */
static inline uint8_t dmx_value_to_8(double value)
{
    return (uint8_t)lround(value * UINT8_MAX);
}

static inline uint16_t dmx_value_to_16(double value)
{
    return (uint16_t)lround(value * UINT16_MAX);
}

static inline double dmx_value_from_8(uint8_t byte)
{
    return (double)byte / UINT8_MAX;
}

static inline double dmx_value_from_16(uint8_t coarse, uint8_t fine)
{
    return (double)(coarse << 8 | fine) / UINT16_MAX;
}

/* For channels that count something, as far as a byte reaches: `n` is inputvalue * 255. */
static inline double dmx_value_of_count(uint64_t n)
{
    return dmx_value_from_8(n < UINT8_MAX ? (uint8_t)n : UINT8_MAX);
}

#endif
