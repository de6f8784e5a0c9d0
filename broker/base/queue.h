/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The events that wait for one instance, in the order in which they were made. Bounded: what happens once it
 * is full is the instance's choice. Pure.
 */
#ifndef BROKER_BASE_QUEUE_H
#define BROKER_BASE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct queue_list {
    uint32_t *channels;
    double *values;
    size_t n;
    size_t capacity;
};

/* Adds several, of which there may be none. -ENOMEM: then none was. */
int queue_list_add(struct queue_list *list, const uint32_t *channels, const double *values, size_t n);
void queue_list_deinit(struct queue_list *list);

enum queue_overflow {
    /* each channel keeps its newest further value (latest takes precedence): the end state is right, and the
       memory limited by the number of channels */
    QUEUE_LATEST,
    QUEUE_DROP_OLDEST,
    QUEUE_DROP_NEWEST,
};

struct queue {
    struct queue_list waiting; /* everything, from `head` */
    size_t head;
    size_t limit; /* at least 1 for the drop policies; may be changed while nothing waits, as may: */
    enum queue_overflow overflow;
    struct queue_list latest;  /* what came while `waiting` was full: one entry per channel */
    uint32_t *latest_position; /* by channel, from 1; 0: none */
    size_t n_positions;
    uint64_t replaced; /* values that gave way to a newer one, ever */
    uint64_t dropped;  /* events that the other policies lost, ever */
};

void queue_init(struct queue *queue, size_t limit);
void queue_deinit(struct queue *queue);

/* -ENOMEM: then the event is lost. */
int queue_push(struct queue *queue, uint32_t channel, double value);

/* The same for several. -ENOMEM: then some of them are lost. */
int queue_push_many(struct queue *queue, const uint32_t *channels, const double *values, size_t n);

/* How many events wait. */
size_t queue_length(const struct queue *queue);

/* The first events, contiguous: at least one if any wait, else NULL. Valid until the next call. Returns their
 * number. */
size_t queue_peek(struct queue *queue, const uint32_t **channels, const double **values);

/* Takes away the first `n` of what queue_peek() showed. */
void queue_consume(struct queue *queue, size_t n);

void queue_clear(struct queue *queue);

#endif
