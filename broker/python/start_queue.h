/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Restarts take turns, as many at a time as there are processors, so that a hundred workers that end together
 * leave the running ones some processor time.
 */
#ifndef BROKER_PYTHON_START_QUEUE_H
#define BROKER_PYTHON_START_QUEUE_H

#include <stdbool.h>

#include "broker/base/loop.h"

struct start_queue;

/* Lives inside what it belongs to. Zero it, and set `fn` and `userdata`: it neither waits nor starts. */
struct start_turn {
    void (*fn)(void *userdata);
    void *userdata;
    struct start_queue *queue;
    struct start_turn *next;
    struct timer patience; /* after this, a slow start does not keep others waiting */
    bool is_waiting;
    bool is_starting;
};

/* -ENOMEM. */
int start_queue_new(struct start_queue **queue, struct loop *loop);

/* Takes NULL; returns NULL. */
struct start_queue *start_queue_free(struct start_queue *queue);

/* Calls `fn`, now or when others have started. */
void start_queue_enter(struct start_queue *queue, struct start_turn *turn);

/* Gives up the turn, after a start or instead of it. Fine at any time. */
void start_queue_leave(struct start_turn *turn);

#endif
