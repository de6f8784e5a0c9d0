/* SPDX-License-Identifier: BSD-2-Clause */
/* Events that answers led to are in batches of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/python/answers.h"

static struct python_answers answers;
static size_t waiting;

static int setup(void **state)
{
    answers = (struct python_answers){0};
    waiting = 0;
    return 0;
}

static void push(size_t n, uint32_t chain)
{
    python_answers_push(&answers, waiting, waiting + n, n, chain);
    waiting += n;
}

/* The next batch has `n` events, and `chain` answers led to it. */
static void assert_batch(size_t n, uint32_t chain)
{
    assert_int_equal(python_answers_limit(&answers, waiting), n);
    python_answers_begin(&answers, n);
    waiting -= n;
    assert_int_equal(answers.now, chain);
    python_answers_done(&answers);
    assert_int_equal(answers.now, 0);
}

static void test_without_answers_there_is_one_batch(void **state)
{
    push(3, 0);
    push(4, 0);
    assert_false(python_answers_wait(&answers));
    assert_batch(7, 0);
    assert_int_equal(python_answers_limit(&answers, 0), 0);
}

static void test_answers_have_batches_of_their_own(void **state)
{
    push(3, 0);
    push(2, 1);
    push(1, 2);
    push(4, 0);
    assert_true(python_answers_wait(&answers));
    assert_batch(3, 0);
    assert_batch(3, 2);
    assert_false(python_answers_wait(&answers));
    assert_batch(4, 0);
    push(1, 1);
    assert_batch(1, 1);
    push(1, 0);
    assert_batch(1, 0);
}

static void test_only_the_last_run_is_known(void **state)
{
    push(1, 3);
    push(1, 0);
    push(1, 1);
    assert_batch(2, 0);
    assert_batch(1, 1);
}

static void test_what_a_worker_leaves_is_put_back(void **state)
{
    push(4, 1);
    python_answers_begin(&answers, 4);
    python_answers_put_back(&answers, 3);
    waiting = 3;
    assert_int_equal(answers.now, 0);
    push(1, 0);
    assert_batch(3, 1);
    assert_batch(1, 0);
}

static void test_a_queue_that_is_full_knows_none(void **state)
{
    push(2, 1);
    python_answers_push(&answers, 2, 2, 1, 1); /* it took the place of another */
    assert_batch(2, 0);
    push(2, 1);
    python_answers_clear(&answers);
    assert_batch(2, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_without_answers_there_is_one_batch, setup),
        cmocka_unit_test_setup(test_answers_have_batches_of_their_own, setup),
        cmocka_unit_test_setup(test_only_the_last_run_is_known, setup),
        cmocka_unit_test_setup(test_what_a_worker_leaves_is_put_back, setup),
        cmocka_unit_test_setup(test_a_queue_that_is_full_knows_none, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
