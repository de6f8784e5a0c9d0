/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue of one instance: order, what a full one keeps, and a long random comparison with a plain list. */
#include "tests/unit/base/queue_fixture.h"

#define N_CHANNELS 12

static void test_empty(void **state)
{
    struct queue queue;

    queue_init(&queue, LIMIT);
    assert_empty(&queue);
    queue_clear(&queue);
    assert_empty(&queue);
    queue_deinit(&queue);
}

static void test_first_in_first_out_and_contiguous(void **state)
{
    const uint32_t *channels;
    const double *values;
    struct queue queue;

    queue_init(&queue, LIMIT);
    for (uint32_t i = 0; i < LIMIT; i++)
        push(&queue, i % 3, i);
    assert_int_equal(queue_length(&queue), LIMIT);
    assert_int_equal(queue_peek(&queue, &channels, &values), LIMIT);
    for (uint32_t i = 0; i < LIMIT; i++) {
        assert_int_equal(channels[i], i % 3);
        assert_double(values[i], i);
    }
    assert_int_equal(queue.replaced, 0);
    queue_deinit(&queue);
}

static void test_consuming_a_part_keeps_the_rest(void **state)
{
    struct queue queue;

    queue_init(&queue, LIMIT);
    for (uint32_t i = 0; i < 5; i++)
        push(&queue, i, i);
    queue_consume(&queue, 3);
    assert_int_equal(queue_length(&queue), 2);
    push(&queue, 9, 0.5);
    assert_next(&queue, 3, 3);
    assert_next(&queue, 4, 4);
    assert_next(&queue, 9, 0.5);
    assert_empty(&queue);
    queue_deinit(&queue);
}

/* Nothing is coalesced below the limit, not even one event below it. */
static void test_a_full_queue_keeps_the_newest_of_each_channel(void **state)
{
    struct queue queue;

    queue_init(&queue, 3);
    for (uint32_t i = 0; i < 3; i++)
        push(&queue, 1, i);
    push(&queue, 1, 10);
    push(&queue, 2, 20);
    push(&queue, 1, 11);
    push(&queue, 2, 21);
    push(&queue, 1, 12);
    assert_int_equal(queue.replaced, 3);
    assert_int_equal(queue_length(&queue), 5);
    for (uint32_t i = 0; i < 3; i++)
        assert_next(&queue, 1, i);
    assert_next(&queue, 1, 12);
    assert_next(&queue, 2, 21);
    assert_empty(&queue);
    queue_deinit(&queue);
}

/* Events must not overtake the earlier ones in `latest`, even when there is room again. */
static void test_no_event_overtakes_a_newer_list(void **state)
{
    struct queue queue;

    queue_init(&queue, 2);
    push(&queue, 1, 1);
    push(&queue, 2, 2);
    push(&queue, 3, 3);
    assert_next(&queue, 1, 1);
    push(&queue, 1, 4);
    push(&queue, 3, 5);
    assert_next(&queue, 2, 2);
    assert_next(&queue, 3, 5);
    assert_next(&queue, 1, 4);
    assert_empty(&queue);
    queue_deinit(&queue);
}

static void test_promoted_events_are_ordinary_ones(void **state)
{
    struct queue queue;

    queue_init(&queue, 2);
    for (uint32_t i = 0; i < 4; i++)
        push(&queue, i, i);
    queue_consume(&queue, 2);
    assert_next(&queue, 2, 2); /* promotes 2 and 3 */
    push(&queue, 3, 30);       /* there is room for one: not coalesced with the 3 that waits */
    assert_next(&queue, 3, 3);
    assert_next(&queue, 3, 30);
    assert_int_equal(queue.replaced, 0);
    assert_empty(&queue);
    queue_deinit(&queue);
}

static void test_clear_forgets_both_lists(void **state)
{
    struct queue queue;

    queue_init(&queue, 2);
    for (uint32_t i = 0; i < 6; i++)
        push(&queue, i % 3, i);
    queue_clear(&queue);
    assert_empty(&queue);
    for (uint32_t i = 0; i < 4; i++)
        push(&queue, 1, i);
    assert_next(&queue, 1, 0);
    assert_next(&queue, 1, 1);
    assert_next(&queue, 1, 3);
    assert_empty(&queue);
    queue_deinit(&queue);
}

static void test_a_limit_of_nothing(void **state)
{
    struct queue queue;

    queue_init(&queue, 0);
    push(&queue, 1, 1);
    push(&queue, 1, 2);
    assert_next(&queue, 1, 2);
    assert_empty(&queue);
    queue_deinit(&queue);
}

static void test_far_channels(void **state)
{
    struct queue queue;

    queue_init(&queue, 0);
    push(&queue, 262143, 1);
    push(&queue, 64, 2);
    push(&queue, 63, 3);
    push(&queue, 262143, 4);
    assert_next(&queue, 262143, 4);
    assert_next(&queue, 64, 2);
    assert_next(&queue, 63, 3);
    queue_deinit(&queue);
}

/* A stalled reader, and one that never empties the queue: neither makes it grow. */
static void test_memory_is_bounded(void **state)
{
    struct queue queue;

    queue_init(&queue, LIMIT);
    for (uint32_t i = 0; i < 1000000; i++)
        push(&queue, i % N_CHANNELS, i);
    assert_int_equal(queue_length(&queue), LIMIT + N_CHANNELS);
    assert_int_equal(queue.replaced, 1000000 - LIMIT - N_CHANNELS);
    queue_clear(&queue);
    for (uint32_t i = 0; i < LIMIT - 1; i++)
        push(&queue, 0, i);
    for (uint32_t i = LIMIT - 1; i < 1000000; i++) {
        push(&queue, 0, i);
        assert_next(&queue, 0, i - (LIMIT - 1));
    }
    assert_true(queue.waiting.capacity <= 64);
    assert_true(queue.latest.capacity <= 64);
    assert_true(queue.n_positions <= 64);
    queue_deinit(&queue);
}

/* The naive model: two lists, from which the first element is taken by moving all others. */
#define MODEL_ROOM (3 * LIMIT + N_CHANNELS)

struct model {
    uint32_t channels[2][MODEL_ROOM];
    double values[2][MODEL_ROOM];
    size_t n[2];
};

static void model_append(struct model *model, size_t list, uint32_t channel, double value)
{
    model->channels[list][model->n[list]] = channel;
    model->values[list][model->n[list]++] = value;
}

static void model_push(struct model *model, uint32_t channel, double value)
{
    if (!model->n[1] && model->n[0] < LIMIT) {
        model_append(model, 0, channel, value);
        return;
    }
    for (size_t i = 0; i < model->n[1]; i++) {
        if (model->channels[1][i] == channel) {
            model->values[1][i] = value;
            return;
        }
    }
    model_append(model, 1, channel, value);
}

static void model_promote(struct model *model)
{
    for (size_t i = 0; !model->n[0] && i < model->n[1]; i++) {
        model->channels[0][i] = model->channels[1][i];
        model->values[0][i] = model->values[1][i];
    }
    if (!model->n[0]) {
        model->n[0] = model->n[1];
        model->n[1] = 0;
    }
}

static void model_consume(struct model *model, size_t n)
{
    for (size_t i = n; i < model->n[0]; i++) {
        model->channels[0][i - n] = model->channels[0][i];
        model->values[0][i - n] = model->values[0][i];
    }
    model->n[0] -= n;
}

static void model_put_back(struct model *model, const uint32_t *channels, const double *values, size_t n)
{
    memmove(model->channels[0] + n, model->channels[0], model->n[0] * sizeof(*channels));
    memmove(model->values[0] + n, model->values[0], model->n[0] * sizeof(*values));
    memcpy(model->channels[0], channels, n * sizeof(*channels));
    memcpy(model->values[0], values, n * sizeof(*values));
    model->n[0] += n;
}

/* Takes some away, and puts the last ones of them back after others have come, as when a worker ends. */
static void take_and_put_back(struct queue *queue, struct model *model, size_t n, size_t n_back)
{
    uint32_t channels[LIMIT];
    double values[LIMIT];
    const uint32_t *first;
    const double *first_value;
    size_t found = queue_peek(queue, &first, &first_value);

    model_promote(model);
    n = n < found ? n : found;
    n_back = n_back < n ? n_back : n;
    if (!n)
        return;
    memcpy(channels, first + n - n_back, n_back * sizeof(*channels));
    memcpy(values, first_value + n - n_back, n_back * sizeof(*values));
    queue_consume(queue, n);
    model_consume(model, n);
    for (uint32_t i = 0; i < n; i++) {
        push(queue, i % N_CHANNELS, i);
        model_push(model, i % N_CHANNELS, i);
    }
    assert_int_equal(queue_put_back(queue, channels, values, n_back), 0);
    model_put_back(model, channels, values, n_back);
}

static void push_several(struct queue *queue, struct model *model, uint32_t channel, size_t n)
{
    uint32_t channels[8];
    double values[8];

    for (uint32_t i = 0; i < n; i++) {
        channels[i] = (channel + i) % N_CHANNELS;
        values[i] = i;
        model_push(model, channels[i], values[i]);
    }
    assert_int_equal(queue_push_many(queue, channels, values, n), 0);
}

static void compare(struct queue *queue, struct model *model, size_t consume)
{
    const uint32_t *channels;
    const double *values;
    size_t n = queue_peek(queue, &channels, &values);

    model_promote(model);
    assert_int_equal(n, model->n[0]);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(channels[i], model->channels[0][i]);
        assert_double(values[i], model->values[0][i]);
    }
    if (consume > n)
        consume = n;
    queue_consume(queue, consume);
    model_consume(model, consume);
}

static void test_random_operations_as_the_model(void **state)
{
    static struct model model;
    struct dice dice = {4711};
    struct queue queue;

    queue_init(&queue, LIMIT);
    for (uint32_t step = 0; step < 100000; step++) {
        uint32_t channel = (uint32_t)dice_roll(&dice, N_CHANNELS);

        if (dice_roll(&dice, 12) == 0) {
            compare(&queue, &model, dice_roll(&dice, 2 * LIMIT));
        } else if (dice_roll(&dice, 30) == 0) {
            take_and_put_back(&queue, &model, dice_roll(&dice, LIMIT), dice_roll(&dice, LIMIT));
        } else if (dice_roll(&dice, 8) == 0) {
            push_several(&queue, &model, channel, dice_roll(&dice, 8));
        } else {
            push(&queue, channel, step);
            model_push(&model, channel, step);
        }
        assert_int_equal(queue_length(&queue), model.n[0] + model.n[1]);
        if (dice_roll(&dice, 5000) == 0) {
            queue_clear(&queue);
            model.n[0] = model.n[1] = 0;
        }
    }
    queue_deinit(&queue);
}

static void test_a_full_queue_drops_its_oldest_if_it_shall(void **state)
{
    struct queue queue;

    queue_init(&queue, 3);
    queue.overflow = QUEUE_DROP_OLDEST;
    for (uint32_t i = 0; i < 100000; i++)
        push(&queue, 0, i);
    assert_int_equal(queue_length(&queue), 3);
    assert_int_equal(queue.dropped, 99997);
    assert_int_equal(queue.replaced, 0);
    assert_true(queue.waiting.capacity < 1000); /* what was dropped takes no room */
    for (uint32_t i = 99997; i < 100000; i++)
        assert_next(&queue, 0, i);
    assert_empty(&queue);
    queue_deinit(&queue);
}

static void test_a_full_queue_drops_what_comes_if_it_shall(void **state)
{
    struct queue queue;

    queue_init(&queue, 3);
    queue.overflow = QUEUE_DROP_NEWEST;
    for (uint32_t i = 0; i < 10; i++)
        push(&queue, i, i);
    assert_int_equal(queue.dropped, 7);
    assert_next(&queue, 0, 0);
    push(&queue, 42, 42);
    assert_next(&queue, 1, 1);
    assert_next(&queue, 2, 2);
    assert_next(&queue, 42, 42);
    assert_empty(&queue);
    queue_deinit(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_queue_drops_its_oldest_if_it_shall),
        cmocka_unit_test(test_a_full_queue_drops_what_comes_if_it_shall),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_first_in_first_out_and_contiguous),
        cmocka_unit_test(test_consuming_a_part_keeps_the_rest),
        cmocka_unit_test(test_a_full_queue_keeps_the_newest_of_each_channel),
        cmocka_unit_test(test_no_event_overtakes_a_newer_list),
        cmocka_unit_test(test_promoted_events_are_ordinary_ones),
        cmocka_unit_test(test_clear_forgets_both_lists),
        cmocka_unit_test(test_a_limit_of_nothing),
        cmocka_unit_test(test_far_channels),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_random_operations_as_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
