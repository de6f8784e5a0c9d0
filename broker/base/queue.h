/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The events that wait for one instance, in the order in which they were made. Bounded: the instance's
 * options decide what happens when it is full. Pure.
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

/* Adds `n` events, which may be none. 0, or -ENOMEM with nothing added. */
int queue_list_add(struct queue_list *list, const uint32_t *channels, const double *values, size_t n);
void queue_list_deinit(struct queue_list *list);

enum queue_overflow {
    /* each channel keeps its newest further value (latest takes precedence), so that the values in the end
       are right and the memory is limited by the number of channels */
    QUEUE_LATEST,
    QUEUE_DROP_OLDEST,
    QUEUE_DROP_NEWEST,
};

struct queue {
    struct queue_list waiting; /* from `head` on */
    size_t head;
    size_t limit;                 /* at least 1 for the drop policies; changes only while nothing waits */
    enum queue_overflow overflow; /* changes only while nothing waits */
    struct queue_list latest;     /* what came while `waiting` was full: one entry per channel */
    uint32_t *latest_position;    /* by channel, from 1; 0: none */
    size_t n_positions;
    uint64_t replaced; /* values that gave way to newer ones, in total */
    uint64_t dropped;  /* events that the other policies lost, in total */
};

void queue_init(struct queue *queue, size_t limit);
void queue_deinit(struct queue *queue);

/* Adds an event. 0, or -ENOMEM with the event lost. */
int queue_push(struct queue *queue, uint32_t channel, double value);

/* Adds several events. 0, or -ENOMEM with some of them lost. */
int queue_push_many(struct queue *queue, const uint32_t *channels, const double *values, size_t n);

/* Returns how many events wait. */
size_t queue_length(const struct queue *queue);

/*
 * Shows the first events, contiguous, until the next call. Returns their number: at least one if any wait,
 * else 0 with both pointers NULL.
 */
size_t queue_peek(struct queue *queue, const uint32_t **channels, const double **values);

/* Removes the first `n` of the events that queue_peek() showed. */
void queue_consume(struct queue *queue, size_t n);

/*
 * Puts events before all that wait, whatever the limit: they were taken away, and nobody has had them.
 * -ENOMEM: then they are lost.
 */
int queue_put_back(struct queue *queue, const uint32_t *channels, const double *values, size_t n);

void queue_clear(struct queue *queue);

#endif
