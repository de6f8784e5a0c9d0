/* SPDX-License-Identifier: BSD-2-Clause */
/* When a worker is started again: the delays, their reset, the limit, and the three policies. */
#include "broker/base/restart.h"
#include "firecurtain/time.h"
#include "tests/unit/check.h"

#define MS FC_NS_PER_MS
#define S  FC_NS_PER_S

static void test_the_first_is_at_once_and_then_delays_double_up_to_the_longest(void **state)
{
    static const uint64_t expected_ms[] = {0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000};
    struct restart restart = {.max_delay_ns = 5 * S};
    uint64_t now_ns = S;

    for (size_t i = 0; i < sizeof(expected_ms) / sizeof(expected_ms[0]); i++)
        assert_int_equal(restart_delay_ns(&restart, now_ns, now_ns, false, 0), expected_ms[i] * MS);
}

static void test_chance_adds_a_quarter_at_most(void **state)
{
    struct dice dice = {1};

    for (int i = 0; i < 1000; i++) {
        struct restart restart = {.max_delay_ns = 30 * S, .streak = 3};
        uint64_t delay_ns = restart_delay_ns(&restart, S, S, false, (uint32_t)dice_roll(&dice, UINT32_MAX));

        assert_in_range(delay_ns, 400 * MS, 500 * MS);
    }
}

static void test_who_has_run_for_ten_seconds_begins_anew(void **state)
{
    struct restart restart = {.max_delay_ns = 30 * S, .streak = 5};

    assert_int_equal(restart_delay_ns(&restart, S, 11 * S - 1, false, 0), 1600 * MS);
    assert_int_equal(restart_delay_ns(&restart, S, 11 * S, false, 0), 0);
    assert_int_equal(restart_delay_ns(&restart, 11 * S, 12 * S, false, 0), 100 * MS);
}

static void test_a_limit_counts_within_its_time_only(void **state)
{
    struct restart restart = {.max_delay_ns = 0, .limit = 3, .window_ns = 60 * S};

    for (uint64_t i = 0; i < 3; i++) {
        assert_false(restart_is_exhausted(&restart, (100 + i) * S));
        assert_int_equal(restart_delay_ns(&restart, 0, (100 + i) * S, false, 0), 0);
    }
    assert_true(restart_is_exhausted(&restart, 103 * S));
    assert_true(restart_delay_ns(&restart, 0, 103 * S, false, 0) == RESTART_NOT);
    assert_true(restart_delay_ns(&restart, 0, 160 * S - 1, false, 0) == RESTART_NOT);
    assert_int_equal(restart_delay_ns(&restart, 0, 160 * S, false, 0), 0);
    assert_true(restart_delay_ns(&restart, 0, 160 * S, false, 0) == RESTART_NOT);
    assert_int_equal(restart_delay_ns(&restart, 0, 161 * S, false, 0), 0);
}

static void test_the_highest_limit_is_kept_too(void **state)
{
    struct restart restart = {.limit = RESTART_MAX_LIMIT, .window_ns = S};

    for (uint64_t i = 0; i < RESTART_MAX_LIMIT; i++)
        assert_int_equal(restart_delay_ns(&restart, 0, 100 * S + i, false, 0), 0);
    assert_true(restart_delay_ns(&restart, 0, 100 * S + 500, false, 0) == RESTART_NOT);
}

static void test_the_policies(void **state)
{
    static const struct {
        enum restart_mode mode;
        bool after_clean;
        bool after_crash;
    } table[] = {
        {RESTART_ALWAYS, true, true},
        {RESTART_ON_FAILURE, false, true},
        {RESTART_NEVER, false, false},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct restart clean = {.mode = table[i].mode}, crash = clean;

        assert_int_equal(restart_delay_ns(&clean, 0, S, true, 0) != RESTART_NOT, table[i].after_clean);
        assert_int_equal(restart_delay_ns(&crash, 0, S, false, 0) != RESTART_NOT, table[i].after_crash);
        assert_false(restart_is_exhausted(&crash, S));
    }
}

static void test_tries_double_up_to_the_most(void **state)
{
    static const uint64_t delays[] = {20, 40, 80, 100, 100};
    uint64_t delay_ns = 0;

    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        delay_ns = restart_next_ns(delay_ns, 20, 100);
        assert_int_equal(delay_ns, delays[i]);
    }
    assert_int_equal(restart_next_ns(0, 20, 10), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_is_at_once_and_then_delays_double_up_to_the_longest),
        cmocka_unit_test(test_chance_adds_a_quarter_at_most),
        cmocka_unit_test(test_who_has_run_for_ten_seconds_begins_anew),
        cmocka_unit_test(test_a_limit_counts_within_its_time_only),
        cmocka_unit_test(test_the_highest_limit_is_kept_too),
        cmocka_unit_test(test_the_policies),
        cmocka_unit_test(test_tries_double_up_to_the_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
