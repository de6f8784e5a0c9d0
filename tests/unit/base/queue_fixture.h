/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of queues share. */
#ifndef TESTS_UNIT_BASE_QUEUE_FIXTURE_H
#define TESTS_UNIT_BASE_QUEUE_FIXTURE_H

#include "broker/base/queue.h"
#include "tests/unit/check.h"

#define LIMIT 20

static inline void push(struct queue *queue, uint32_t channel, double value)
{
    assert_int_equal(queue_push(queue, channel, value), 0);
}

/* Takes the first event and compares it. */
static inline void assert_next(struct queue *queue, uint32_t channel, double value)
{
    const uint32_t *channels;
    const double *values;

    assert_true(queue_peek(queue, &channels, &values) > 0);
    assert_int_equal(channels[0], channel);
    assert_double(values[0], value);
    queue_consume(queue, 1);
}

static inline void assert_empty(struct queue *queue)
{
    const uint32_t *channels = &(uint32_t){0};
    const double *values = &(double){0};

    assert_int_equal(queue_length(queue), 0);
    assert_int_equal(queue_peek(queue, &channels, &values), 0);
    assert_null(channels); /* found by fuzzing: an offset from an array that was never made */
    assert_null(values);
    queue_consume(queue, 0);
}

#endif
