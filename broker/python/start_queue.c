/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue of restarts. */
#include "broker/python/start_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "firecurtain/time.h"

#define START_PATIENCE_NS FC_NS_PER_S

struct start_queue {
    struct loop *loop;
    long n_free;
    struct start_turn *first;
    struct start_turn **last;
    struct loop_task pump;
};

static void start_too_slow(void *userdata)
{
    start_queue_leave(userdata);
}

/* Starts those whose turn it is. Called from the loop, since callers that leave are often busy with
 * something. */
static void start_queue_pump(void *userdata)
{
    struct start_queue *queue = userdata;

    while (queue->first && queue->n_free > 0) {
        struct start_turn *turn = queue->first;

        queue->first = turn->next;
        if (!queue->first)
            queue->last = &queue->first;
        queue->n_free--;
        turn->is_waiting = false;
        turn->is_starting = true;
        turn->patience = (struct timer){.fn = start_too_slow, .what = "a worker's start", .userdata = turn};
        loop_set_timer(queue->loop, &turn->patience, fc_now_ns() + START_PATIENCE_NS);
        turn->fn(turn->userdata);
    }
}

int start_queue_new(struct start_queue **queuep, struct loop *loop)
{
    struct start_queue *queue = calloc(1, sizeof(*queue));
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (!queue)
        return -ENOMEM;
    queue->loop = loop;
    queue->n_free = processors > 0 ? processors : 1;
    queue->last = &queue->first;
    queue->pump = (struct loop_task){.fn = start_queue_pump, .what = "a worker's start", .userdata = queue};
    *queuep = queue;
    return 0;
}

struct start_queue *start_queue_free(struct start_queue *queue)
{
    if (queue)
        loop_cancel_task(&queue->pump);
    free(queue);
    return NULL;
}

void start_queue_enter(struct start_queue *queue, struct start_turn *turn)
{
    if (turn->is_waiting)
        return;
    start_queue_leave(turn);
    turn->queue = queue;
    turn->next = NULL;
    turn->is_waiting = true;
    *queue->last = turn;
    queue->last = &turn->next;
    start_queue_pump(queue);
}

static void start_queue_unlink(struct start_queue *queue, const struct start_turn *turn)
{
    struct start_turn **at = &queue->first;

    while (*at && *at != turn)
        at = &(*at)->next;
    if (*at)
        *at = turn->next;
    while (*at)
        at = &(*at)->next;
    queue->last = at;
}

void start_queue_leave(struct start_turn *turn)
{
    struct start_queue *queue = turn->queue;

    if (turn->is_waiting)
        start_queue_unlink(queue, turn);
    turn->is_waiting = false;
    if (!turn->is_starting)
        return;
    turn->is_starting = false;
    loop_cancel_timer(queue->loop, &turn->patience);
    queue->n_free++;
    if (queue->first)
        loop_defer(queue->loop, &queue->pump);
}
