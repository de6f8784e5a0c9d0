/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparing secrets, and hashes of them. In the broker. */
#ifndef BROKER_BASE_SECRET_H
#define BROKER_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Compares in the same time wherever they differ, so that nobody can guess one byte after the other. */
static inline bool secret_is_equal(const void *a, const void *b, size_t bytes)
{
    const uint8_t *one = a, *other = b;
    uint8_t differs = 0;

    for (size_t i = 0; i < bytes; i++)
        differs |= one[i] ^ other[i];
    return !differs;
}

#endif
