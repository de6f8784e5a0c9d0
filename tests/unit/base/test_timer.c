/* SPDX-License-Identifier: BSD-2-Clause */
/* The heap of timers: order, moving and cancelling anywhere, and a long random comparison with a list. */
#include "broker/base/timer.h"
#include "tests/unit/check.h"

#define N_TIMERS 60

static void assert_heap(const struct timer_heap *heap)
{
    for (size_t i = 0; i < heap->n; i++) {
        assert_int_equal(heap->entries[i]->position, i + 1);
        if (i > 0)
            assert_true(heap->entries[(i - 1) / 2]->deadline_ns <= heap->entries[i]->deadline_ns);
    }
}

static void test_empty(void **state)
{
    struct timer_heap heap = {0};
    struct timer timer = {0};

    assert_true(timer_heap_next(&heap) == TIMER_NEVER);
    assert_null(timer_heap_pop(&heap, UINT64_MAX));
    timer_heap_cancel(&heap, &timer);
    assert_int_equal(heap.n, 0);
    timer_heap_deinit(&heap);
}

static void test_due_is_at_the_deadline_not_before(void **state)
{
    struct timer_heap heap = {0};
    struct timer timer = {0};

    assert_int_equal(timer_heap_set(&heap, &timer, 100), 0);
    assert_int_equal(timer_heap_next(&heap), 100);
    assert_null(timer_heap_pop(&heap, 99));
    assert_ptr_equal(timer_heap_pop(&heap, 100), &timer);
    assert_int_equal(timer.position, 0);
    assert_null(timer_heap_pop(&heap, UINT64_MAX));
    timer_heap_deinit(&heap);
}

static void test_setting_again_moves(void **state)
{
    struct timer_heap heap = {0};
    struct timer a = {0}, b = {0};

    assert_int_equal(timer_heap_set(&heap, &a, 10), 0);
    assert_int_equal(timer_heap_set(&heap, &b, 20), 0);
    assert_int_equal(timer_heap_set(&heap, &a, 30), 0);
    assert_int_equal(heap.n, 2);
    assert_int_equal(timer_heap_next(&heap), 20);
    assert_int_equal(timer_heap_set(&heap, &a, 5), 0);
    assert_ptr_equal(timer_heap_pop(&heap, 1000), &a);
    assert_ptr_equal(timer_heap_pop(&heap, 1000), &b);
    timer_heap_deinit(&heap);
}

static void fill(struct timer_heap *heap, struct timer *timers, size_t n)
{
    memset(timers, 0, n * sizeof(*timers));
    for (size_t i = 0; i < n; i++) /* 37 and 41 have no common factor: all times, but not in sorted order */
        assert_int_equal(timer_heap_set(heap, &timers[i], (i * 37) % 41), 0);
}

static void test_cancel_at_every_place(void **state)
{
    struct timer timers[40];

    for (size_t place = 0; place < 40; place++) {
        struct timer_heap heap = {0};
        struct timer *gone, *next;
        uint64_t last = 0;
        size_t n = 0;

        fill(&heap, timers, 40);
        gone = heap.entries[place];
        timer_heap_cancel(&heap, gone);
        assert_int_equal(gone->position, 0);
        assert_int_equal(heap.n, 39);
        assert_heap(&heap);
        for (; (next = timer_heap_pop(&heap, UINT64_MAX)); n++) {
            assert_ptr_not_equal(next, gone);
            assert_true(next->deadline_ns >= last);
            last = next->deadline_ns;
        }
        assert_int_equal(n, 39);
        timer_heap_deinit(&heap);
    }
}

static void test_never_and_zero_are_deadlines(void **state)
{
    struct timer_heap heap = {0};
    struct timer a = {0}, b = {0};

    assert_int_equal(timer_heap_set(&heap, &a, TIMER_NEVER), 0);
    assert_int_equal(timer_heap_set(&heap, &b, 0), 0);
    assert_ptr_equal(timer_heap_pop(&heap, 0), &b);
    assert_null(timer_heap_pop(&heap, TIMER_NEVER - 1));
    assert_ptr_equal(timer_heap_pop(&heap, TIMER_NEVER), &a);
    timer_heap_deinit(&heap);
}

/* A naive model: a list of deadlines. */
struct model {
    uint64_t deadline[N_TIMERS];
    bool set[N_TIMERS];
};

static uint64_t model_next(const struct model *model)
{
    uint64_t next = TIMER_NEVER;

    for (size_t i = 0; i < N_TIMERS; i++) {
        if (model->set[i] && model->deadline[i] < next)
            next = model->deadline[i];
    }
    return next;
}

static void pop_and_compare(struct timer_heap *heap, struct timer *timers, struct model *model, uint64_t now)
{
    struct timer *timer = timer_heap_pop(heap, now);
    uint64_t next = model_next(model);

    if (next > now) {
        assert_null(timer);
        return;
    }
    assert_non_null(timer);
    assert_int_equal(timer->deadline_ns, next);
    assert_true(model->set[timer - timers]);
    assert_int_equal(model->deadline[timer - timers], next);
    model->set[timer - timers] = false;
}

static void test_random_operations_as_the_model(void **state)
{
    static struct timer timers[N_TIMERS];
    struct timer_heap heap = {0};
    struct dice dice = {20231105};
    struct model model = {0};

    for (size_t step = 0; step < 200000; step++) {
        size_t i = dice_roll(&dice, N_TIMERS);
        uint64_t when = dice_roll(&dice, 100);

        switch (dice_roll(&dice, 4)) {
        case 0:
        case 1:
            assert_int_equal(timer_heap_set(&heap, &timers[i], when), 0);
            model.set[i] = true;
            model.deadline[i] = when;
            break;
        case 2:
            timer_heap_cancel(&heap, &timers[i]);
            model.set[i] = false;
            break;
        default:
            pop_and_compare(&heap, timers, &model, when);
        }
        assert_true(timer_heap_next(&heap) == model_next(&model));
        for (i = 0; i < N_TIMERS; i++)
            assert_true((timers[i].position != 0) == model.set[i]);
        if (step % 100 == 0)
            assert_heap(&heap);
    }
    timer_heap_deinit(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_due_is_at_the_deadline_not_before),
        cmocka_unit_test(test_setting_again_moves),
        cmocka_unit_test(test_cancel_at_every_place),
        cmocka_unit_test(test_never_and_zero_are_deadlines),
        cmocka_unit_test(test_random_operations_as_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
