/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A heap of timers with absolute deadlines. Pure: the loop reads the clock and sleeps. A timer knows its
 * place in the heap, so that changing and cancelling it are logarithmic, too.
 */
#ifndef BROKER_BASE_TIMER_H
#define BROKER_BASE_TIMER_H

#include <stddef.h>
#include <stdint.h>

#define TIMER_NEVER UINT64_MAX

typedef void (*timer_fn)(void *userdata);

/* Lives inside what it belongs to; zeroed means not set. */
struct timer {
    uint64_t deadline_ns;
    timer_fn fn;
    void *userdata;
    const char *what; /* for slow turns, see loop.h; NULL: "a timer" */
    size_t position;  /* in the heap, from 1; 0: not set */
};

struct timer_heap {
    struct timer **entries;
    size_t n;
    size_t capacity;
};

void timer_heap_deinit(struct timer_heap *heap);

/* Makes room for so many timers. 0 or -ENOMEM. */
int timer_heap_reserve(struct timer_heap *heap, size_t n);

/* Sets a timer, or moves it. 0, or -ENOMEM with the timer as it was. */
int timer_heap_set(struct timer_heap *heap, struct timer *timer, uint64_t deadline_ns);

/* Cancels a timer, which need not be set. */
void timer_heap_cancel(struct timer_heap *heap, struct timer *timer);

/* Returns the earliest deadline, or TIMER_NEVER. */
uint64_t timer_heap_next(const struct timer_heap *heap);

/* Takes out and returns the earliest timer if it is due at `now_ns`, else NULL. */
struct timer *timer_heap_pop(struct timer_heap *heap, uint64_t now_ns);

#endif
