/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers in packets, highest byte first, and what is wrong with a packet. Pure; used in the broker. */
#ifndef BROKER_BACKENDS_NET_BYTES_H
#define BROKER_BACKENDS_NET_BYTES_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

/* Reads a number of `n` bytes. */
static inline uint64_t net_get(const uint8_t *at, size_t n)
{
    uint64_t number = 0;

    for (size_t i = 0; i < n; i++)
        number = number << 8 | at[i];
    return number;
}

static inline uint16_t net_get_16(const uint8_t *at)
{
    return (uint16_t)net_get(at, 2);
}

static inline uint32_t net_get_32(const uint8_t *at)
{
    return (uint32_t)net_get(at, 4);
}

/* Writes a number of `n` bytes. */
static inline void net_put(uint8_t *at, size_t n, uint64_t number)
{
    for (size_t i = n; i > 0; i--, number >>= 8)
        at[i - 1] = (uint8_t)number;
}

/* Says in `what`, which is a literal, why a packet cannot be read. Returns -EBADMSG. */
static inline int net_bad(const char **what, const char *text)
{
    *what = text;
    return -EBADMSG;
}

#endif
