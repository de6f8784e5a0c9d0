/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Growth of dynamic arrays, in one place. The room of an array is not stored: it is at least the next power
 * of two above its length, which stays true when elements are removed.
 */
#ifndef BROKER_BASE_GROW_H
#define BROKER_BASE_GROW_H

#include <stddef.h>
#include <stdlib.h>

/*
 * Makes room for one more element after the `n` that `array` holds. The array, perhaps moved; NULL when out
 * of memory, and then the old array is untouched and still the caller's.
 */
static inline void *grow_by_one(void *array, size_t n, size_t element_bytes)
{
    if (n & (n - 1))
        return array;
    return reallocarray(array, n ? 2 * n : 1, element_bytes);
}

#endif
