/* SPDX-License-Identifier: BSD-2-Clause */
/* Events that were taken out of a queue and met nobody: they come first, also where their places are taken.
 */
#include "tests/unit/base/queue_fixture.h"

static void put_back(struct queue *queue, uint32_t first, size_t n)
{
    uint32_t channels[LIMIT];
    double values[LIMIT];

    for (uint32_t i = 0; i < n; i++) {
        channels[i] = first + i;
        values[i] = first + i;
    }
    assert_int_equal(queue_put_back(queue, channels, values, n), 0);
}

static void test_what_is_put_back_comes_first(void **state)
{
    struct queue queue;

    queue_init(&queue, LIMIT);
    for (uint32_t i = 0; i < 10; i++)
        push(&queue, i, i);
    queue_consume(&queue, 6);
    put_back(&queue, 2, 4); /* where they were */
    assert_int_equal(queue_length(&queue), 8);
    for (uint32_t i = 2; i < 10; i++)
        assert_next(&queue, i, i);
    assert_empty(&queue);
    queue_deinit(&queue);
}

static void test_putting_back_into_an_empty_queue(void **state)
{
    struct queue queue;

    queue_init(&queue, LIMIT);
    put_back(&queue, 0, 0);
    assert_empty(&queue);
    put_back(&queue, 0, 3); /* there was no array yet */
    push(&queue, 3, 3);
    for (uint32_t i = 0; i < 4; i++)
        assert_next(&queue, i, i);
    assert_empty(&queue);
    put_back(&queue, 0, LIMIT);
    assert_int_equal(queue_length(&queue), LIMIT);
    assert_next(&queue, 0, 0);
    queue_deinit(&queue);
}

/* Nothing is left in front of those that wait, and the array is full. */
static void test_putting_back_where_no_room_is_left(void **state)
{
    struct queue queue;

    queue_init(&queue, 64);
    for (uint32_t i = 0; i < 64; i++)
        push(&queue, i, i);
    assert_int_equal(queue.waiting.capacity, 64);
    queue_put_back(&queue, &(uint32_t){99}, &(double){99}, 1);
    assert_next(&queue, 99, 99);
    for (uint32_t i = 0; i < 64; i++)
        assert_next(&queue, i, i);
    assert_empty(&queue);
    queue_deinit(&queue);
}

/* Others have taken their place meanwhile: nothing is lost, and nothing more finds room. */
static void test_putting_back_beyond_the_limit(void **state)
{
    const uint32_t channels[] = {5, 5, 5, 5};
    const double values[] = {1, 2, 3, 4};
    struct queue queue;

    queue_init(&queue, LIMIT);
    for (uint32_t i = 0; i < LIMIT; i++)
        push(&queue, 100 + i, 100 + i);
    push(&queue, 5, 0);
    put_back(&queue, 80, LIMIT);
    assert_int_equal(queue_push_many(&queue, channels, values, 4), 0);
    assert_int_equal(queue.replaced, 4);
    for (uint32_t i = 80; i < 100 + LIMIT; i++)
        assert_next(&queue, i, i);
    assert_next(&queue, 5, 4);
    assert_empty(&queue);
    queue_deinit(&queue);
}

static void test_beyond_the_limit_several_do_not_find_room_either(void **state)
{
    static const enum queue_overflow others[] = {QUEUE_LATEST, QUEUE_DROP_OLDEST, QUEUE_DROP_NEWEST};
    const uint32_t channels[] = {5, 5, 5, 5};
    const double values[] = {1, 2, 3, 4};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct queue queue;

        queue_init(&queue, LIMIT);
        queue.overflow = others[i];
        for (uint32_t n = 0; n < LIMIT; n++)
            push(&queue, 100 + n, 100 + n);
        put_back(&queue, 80, LIMIT);
        assert_int_equal(queue_push_many(&queue, channels, values, 4), 0);
        assert_int_equal(queue_length(&queue), 2 * LIMIT + (others[i] == QUEUE_LATEST));
        assert_int_equal(queue.replaced + queue.dropped, others[i] == QUEUE_LATEST ? 3 : 4);
        queue_deinit(&queue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_put_back_comes_first),
        cmocka_unit_test(test_putting_back_into_an_empty_queue),
        cmocka_unit_test(test_putting_back_where_no_room_is_left),
        cmocka_unit_test(test_putting_back_beyond_the_limit),
        cmocka_unit_test(test_beyond_the_limit_several_do_not_find_room_either),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
