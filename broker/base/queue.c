/* SPDX-License-Identifier: BSD-2-Clause */
/* Two arrays, channels and values, so that the codec can pack them as they are. */
#include "broker/base/queue.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"

#define QUEUE_FIRST 64

void queue_init(struct queue *queue, size_t limit)
{
    *queue = (struct queue){.limit = limit};
}

void queue_list_deinit(struct queue_list *list)
{
    free(list->channels);
    free(list->values);
    *list = (struct queue_list){0};
}

void queue_deinit(struct queue *queue)
{
    queue_list_deinit(&queue->waiting);
    queue_list_deinit(&queue->latest);
    free(queue->latest_position);
    *queue = (struct queue){0};
}

static int queue_list_grow(struct queue_list *list, size_t n)
{
    size_t capacity = grow_capacity(list->capacity, n, QUEUE_FIRST);
    uint32_t *channels;
    double *values;

    channels = reallocarray(list->channels, capacity, sizeof(*channels));
    if (!channels)
        return -ENOMEM;
    list->channels = channels;
    values = reallocarray(list->values, capacity, sizeof(*values));
    if (!values)
        return -ENOMEM;
    list->values = values;
    list->capacity = capacity;
    return 0;
}

int queue_list_add(struct queue_list *list, const uint32_t *channels, const double *values, size_t n)
{
    if (list->n + n > list->capacity && queue_list_grow(list, list->n + n) < 0)
        return -ENOMEM;
    if (n) {
        memcpy(list->channels + list->n, channels, n * sizeof(*channels));
        memcpy(list->values + list->n, values, n * sizeof(*values));
    }
    list->n += n;
    return 0;
}

static int queue_list_append(struct queue_list *list, uint32_t channel, double value)
{
    if (list->n == list->capacity && queue_list_grow(list, list->n + 1) < 0)
        return -ENOMEM;
    list->channels[list->n] = channel;
    list->values[list->n] = value;
    list->n++;
    return 0;
}

static int queue_know_channel(struct queue *queue, uint32_t channel)
{
    size_t n = grow_capacity(queue->n_positions, (size_t)channel + 1, QUEUE_FIRST);
    uint32_t *positions;

    if (channel < queue->n_positions)
        return 0;
    positions = reallocarray(queue->latest_position, n, sizeof(*positions));
    if (!positions)
        return -ENOMEM;
    memset(positions + queue->n_positions, 0, (n - queue->n_positions) * sizeof(*positions));
    queue->latest_position = positions;
    queue->n_positions = n;
    return 0;
}

static int queue_push_latest(struct queue *queue, uint32_t channel, double value)
{
    if (queue_know_channel(queue, channel) < 0)
        return -ENOMEM;
    if (queue->latest_position[channel]) {
        queue->latest.values[queue->latest_position[channel] - 1] = value;
        queue->replaced++;
        return 0;
    }
    if (queue_list_append(&queue->latest, channel, value) < 0)
        return -ENOMEM;
    queue->latest_position[channel] = (uint32_t)queue->latest.n;
    return 0;
}

/* Moves the waiting events to the front, so that appending does not grow the arrays without end. */
static void queue_compact(struct queue *queue)
{
    size_t n = queue->waiting.n - queue->head;

    memmove(queue->waiting.channels, queue->waiting.channels + queue->head, n * sizeof(uint32_t));
    memmove(queue->waiting.values, queue->waiting.values + queue->head, n * sizeof(double));
    queue->waiting.n = n;
    queue->head = 0;
}

int queue_push(struct queue *queue, uint32_t channel, double value)
{
    bool is_full = queue->waiting.n - queue->head >= queue->limit;

    /* events in `latest` are newer than those that wait, and older than this one */
    if (queue->latest.n || (is_full && queue->overflow == QUEUE_LATEST))
        return queue_push_latest(queue, channel, value);
    if (is_full)
        queue->dropped++;
    if (is_full && queue->overflow == QUEUE_DROP_NEWEST)
        return 0;
    if (is_full)
        queue->head++;
    if (queue->waiting.n == queue->waiting.capacity && queue->head && queue->head >= queue->waiting.n / 2)
        queue_compact(queue);
    return queue_list_append(&queue->waiting, channel, value);
}

/* Returns how many of `n` events find room behind those that wait, without growing anything. */
static size_t queue_room(const struct queue *queue, size_t n)
{
    size_t n_waiting = queue->waiting.n - queue->head; /* above the limit, if some were put back */
    size_t limit = queue->limit > n_waiting ? queue->limit - n_waiting : 0;
    size_t room = queue->waiting.capacity - queue->waiting.n;

    if (queue->latest.n)
        return 0;
    room = room < limit ? room : limit;
    return room < n ? room : n;
}

/*
 * Replaces the newest values of channels that are in `latest`, up to an event whose channel is not. Returns
 * how many events that were.
 */
static size_t queue_replace(struct queue *queue, const uint32_t *channels, const double *values, size_t n)
{
    const uint32_t *positions = queue->latest_position;
    size_t n_positions = queue->latest.n ? queue->n_positions : 0, i;

    for (i = 0; i < n && channels[i] < n_positions && positions[channels[i]]; i++)
        queue->latest.values[positions[channels[i]] - 1] = values[i];
    queue->replaced += i;
    return i;
}

int queue_push_many(struct queue *queue, const uint32_t *channels, const double *values, size_t n)
{
    struct queue_list *waiting = &queue->waiting;
    int r = 0;

    for (size_t i = 0; i < n;) {
        size_t room;

        i += queue_replace(queue, channels + i, values + i, n - i);
        if (i == n)
            break;
        room = queue_room(queue, n - i);
        if (room) {
            memcpy(waiting->channels + waiting->n, channels + i, room * sizeof(*channels));
            memcpy(waiting->values + waiting->n, values + i, room * sizeof(*values));
            waiting->n += room;
            i += room;
        } else if (queue_push(queue, channels[i], values[i]) < 0) {
            r = -ENOMEM;
            i++;
        } else {
            i++;
        }
    }
    return r;
}

size_t queue_length(const struct queue *queue)
{
    return queue->waiting.n - queue->head + queue->latest.n;
}

/* Lets the newest values follow when the waiting events are used up. */
static void queue_promote_latest(struct queue *queue)
{
    struct queue_list empty = queue->waiting;

    for (size_t i = 0; i < queue->latest.n; i++)
        queue->latest_position[queue->latest.channels[i]] = 0;
    queue->waiting = queue->latest;
    queue->latest = empty;
    queue->latest.n = 0;
    queue->head = 0;
}

size_t queue_peek(struct queue *queue, const uint32_t **channels, const double **values)
{
    if (queue->head == queue->waiting.n)
        queue_promote_latest(queue);
    *channels = NULL;
    *values = NULL;
    if (queue->head == queue->waiting.n)
        return 0; /* there may be no array yet to point into */
    *channels = queue->waiting.channels + queue->head;
    *values = queue->waiting.values + queue->head;
    return queue->waiting.n - queue->head;
}

void queue_consume(struct queue *queue, size_t n)
{
    queue->head += n;
    if (queue->head == queue->waiting.n)
        queue->head = queue->waiting.n = 0;
}

int queue_put_back(struct queue *queue, const uint32_t *channels, const double *values, size_t n)
{
    struct queue_list *waiting = &queue->waiting;
    size_t n_waiting = waiting->n - queue->head;

    if (!n)
        return 0;
    if (n > queue->head) {
        if (n + n_waiting > waiting->capacity && queue_list_grow(waiting, n + n_waiting) < 0)
            return -ENOMEM;
        memmove(waiting->channels + n, waiting->channels + queue->head, n_waiting * sizeof(*channels));
        memmove(waiting->values + n, waiting->values + queue->head, n_waiting * sizeof(*values));
        queue->head = n;
        waiting->n = n + n_waiting;
    }
    queue->head -= n;
    memcpy(waiting->channels + queue->head, channels, n * sizeof(*channels));
    memcpy(waiting->values + queue->head, values, n * sizeof(*values));
    return 0;
}

void queue_clear(struct queue *queue)
{
    queue_consume(queue, queue->waiting.n - queue->head);
    queue_promote_latest(queue);
    queue_consume(queue, queue->waiting.n);
}
