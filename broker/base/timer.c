/* SPDX-License-Identifier: BSD-2-Clause */
/* A binary heap in an array. */
#include "broker/base/timer.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/base/grow.h"

#define TIMER_FIRST 16 /* timers that the heap has room for at first */

void timer_heap_deinit(struct timer_heap *heap)
{
    free(heap->entries);
    *heap = (struct timer_heap){0};
}

static void timer_place(struct timer_heap *heap, struct timer *timer, size_t index)
{
    heap->entries[index] = timer;
    timer->position = index + 1;
}

static void timer_sift_up(struct timer_heap *heap, struct timer *timer, size_t index)
{
    while (index > 0) {
        size_t parent = (index - 1) / 2;

        if (heap->entries[parent]->deadline_ns <= timer->deadline_ns)
            break;
        timer_place(heap, heap->entries[parent], index);
        index = parent;
    }
    timer_place(heap, timer, index);
}

static void timer_sift_down(struct timer_heap *heap, struct timer *timer, size_t index)
{
    for (;;) {
        size_t child = 2 * index + 1;

        if (child + 1 < heap->n && heap->entries[child + 1]->deadline_ns < heap->entries[child]->deadline_ns)
            child++;
        if (child >= heap->n || timer->deadline_ns <= heap->entries[child]->deadline_ns)
            break;
        timer_place(heap, heap->entries[child], index);
        index = child;
    }
    timer_place(heap, timer, index);
}

int timer_heap_reserve(struct timer_heap *heap, size_t n)
{
    size_t capacity = grow_capacity(heap->capacity, n, TIMER_FIRST);
    struct timer **entries;

    if (n <= heap->capacity)
        return 0;
    entries = reallocarray(heap->entries, capacity, sizeof(struct timer *));
    if (!entries)
        return -ENOMEM;
    heap->entries = entries;
    heap->capacity = capacity;
    return 0;
}

int timer_heap_set(struct timer_heap *heap, struct timer *timer, uint64_t deadline_ns)
{
    if (!timer->position && timer_heap_reserve(heap, heap->n + 1) < 0)
        return -ENOMEM;
    timer_heap_cancel(heap, timer);
    timer->deadline_ns = deadline_ns;
    timer_sift_up(heap, timer, heap->n++);
    return 0;
}

void timer_heap_cancel(struct timer_heap *heap, struct timer *timer)
{
    size_t index = timer->position;
    struct timer *last;

    if (!index--)
        return;
    timer->position = 0;
    last = heap->entries[--heap->n];
    if (last == timer)
        return;
    if (index > 0 && heap->entries[(index - 1) / 2]->deadline_ns > last->deadline_ns)
        timer_sift_up(heap, last, index);
    else
        timer_sift_down(heap, last, index);
}

uint64_t timer_heap_next(const struct timer_heap *heap)
{
    return heap->n ? heap->entries[0]->deadline_ns : TIMER_NEVER;
}

struct timer *timer_heap_pop(struct timer_heap *heap, uint64_t now_ns)
{
    struct timer *first = heap->n ? heap->entries[0] : NULL;

    if (!first || first->deadline_ns > now_ns)
        return NULL;
    timer_heap_cancel(heap, first);
    return first;
}
