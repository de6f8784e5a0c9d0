/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How arrays grow: by doubling. grow_by_one() is for arrays that get their elements one at a time and do not
 * store their room; grow_capacity() for those that get several at once, or whose room is shared by several
 * arrays.
 */
#ifndef BROKER_BASE_GROW_H
#define BROKER_BASE_GROW_H

#include <stddef.h>
#include <stdlib.h>

/*
 * Makes room for one more element after the `n` that `array` holds. Returns the array, which may have moved,
 * or NULL if there is no memory; then the old array is untouched and still the caller's. The room is always
 * the smallest power of two that is not below `n`, or more, which stays true when elements are removed.
 */
static inline void *grow_by_one(void *array, size_t n, size_t element_bytes)
{
    if (n & (n - 1))
        return array;
    return reallocarray(array, n ? 2 * n : 1, element_bytes);
}

/* Returns the room that an array should have for `n` elements, if it has `capacity` now. `first` is the
 * least. */
static inline size_t grow_capacity(size_t capacity, size_t n, size_t first)
{
    if (!capacity)
        capacity = first;
    while (capacity < n)
        capacity *= 2;
    return capacity;
}

#endif
