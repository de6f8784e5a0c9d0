/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers in packets, highest byte first. Pure; used in the broker. */
#ifndef BROKER_RTPMIDI_BYTES_H
#define BROKER_RTPMIDI_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Reads a number of `n` bytes. */
static inline uint64_t rtpmidi_get(const uint8_t *at, size_t n)
{
    uint64_t number = 0;

    for (size_t i = 0; i < n; i++)
        number = number << 8 | at[i];
    return number;
}

/* Writes a number of `n` bytes. */
static inline void rtpmidi_put(uint8_t *at, size_t n, uint64_t number)
{
    for (size_t i = n; i > 0; i--, number >>= 8)
        at[i - 1] = (uint8_t)number;
}

#endif
