/* SPDX-License-Identifier: BSD-2-Clause */
/* The states of a Python instance: which may follow which, without a worker. */
#include "broker/python/private.h"
#include "broker/python/state.h"
#include "tests/unit/check.h"

static void test_every_state_comes_to_rest(void **state)
{
    for (int from = 0; from < PYTHON_STATES_; from++)
        assert_true(python_state_may_follow((enum python_state)from, PYTHON_RESTING));
}

static void test_only_what_is_active_fails_or_stops(void **state)
{
    assert_true(python_state_may_follow(PYTHON_ACTIVE, PYTHON_FAILED));
    assert_true(python_state_may_follow(PYTHON_ACTIVE, PYTHON_STOPPING));
    assert_false(python_state_may_follow(PYTHON_RESTING, PYTHON_FAILED));
    assert_false(python_state_may_follow(PYTHON_RESTING, PYTHON_STOPPING));
}

static void test_an_instance_that_stops_does_not_become_active(void **state)
{
    assert_false(python_state_may_follow(PYTHON_STOPPING, PYTHON_ACTIVE));
    assert_false(python_state_may_follow(PYTHON_STOPPING_FAILED, PYTHON_ACTIVE));
    assert_true(python_state_may_follow(PYTHON_FAILED, PYTHON_ACTIVE));
    assert_false(
        python_state_may_follow(PYTHON_FAILED, PYTHON_STOPPING)); /* it would forget that it failed */
}

static void test_nothing_comes_from_or_leads_to_no_state(void **state)
{
    for (int i = 0; i < PYTHON_STATES_; i++) {
        assert_false(python_state_may_follow((enum python_state)i, PYTHON_STATES_));
        assert_false(python_state_may_follow(PYTHON_STATES_, (enum python_state)i));
    }
}

static void test_failing_and_stopping_together(void **state)
{
    struct python python = {.state = PYTHON_RESTING};

    assert_false(python_is_stopping(&python) || python_is_failed(&python));
    python_set_state(&python, PYTHON_ACTIVE);
    python_set_failed(&python, true);
    assert_true(python_is_failed(&python) && !python_is_stopping(&python));
    python_set_state(&python, PYTHON_STOPPING_FAILED);
    assert_true(python_is_failed(&python) && python_is_stopping(&python));
    python_set_failed(&python, false);
    assert_true(!python_is_failed(&python) && python_is_stopping(&python));
    python_set_state(&python, PYTHON_RESTING);
    assert_false(python_is_stopping(&python) || python_is_failed(&python));
}

static void test_a_failed_instance_gets_another_try(void **state)
{
    struct python python = {.state = PYTHON_FAILED};

    python_set_failed(&python, false);
    assert_int_equal(python.state, PYTHON_ACTIVE);
    python_set_failed(&python, false);
    assert_int_equal(python.state, PYTHON_ACTIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_state_comes_to_rest),
        cmocka_unit_test(test_only_what_is_active_fails_or_stops),
        cmocka_unit_test(test_an_instance_that_stops_does_not_become_active),
        cmocka_unit_test(test_nothing_comes_from_or_leads_to_no_state),
        cmocka_unit_test(test_failing_and_stopping_together),
        cmocka_unit_test(test_a_failed_instance_gets_another_try),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
