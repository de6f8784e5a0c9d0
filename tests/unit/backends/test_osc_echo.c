/* SPDX-License-Identifier: BSD-2-Clause */
/* Which messages are answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/backends/osc_echo.h"

#define NOW UINT64_C(1000000000000)

static void test_marks(void **state)
{
    uint32_t none = OSC_ECHO_NO_VALUES;

    assert_true(osc_echo_mark(none, 0.5) == osc_echo_mark(none, 0.5));
    assert_true(osc_echo_mark(none, 0.0) == osc_echo_mark(none, -0.0));
    assert_true(osc_echo_mark(none, 0.0) != none);
    assert_true(osc_echo_mark(none, 0.5) != osc_echo_mark(none, 1));
    assert_true(osc_echo_mark(osc_echo_mark(none, 0), 1) != osc_echo_mark(osc_echo_mark(none, 1), 0));
}

static void test_each_message_is_answered_once(void **state)
{
    struct osc_echo echo = {0};

    assert_int_equal(osc_echo_received(&echo, 1, 5, NOW), 0);
    osc_echo_sent(&echo, 1, 5, 0, NOW);
    assert_int_equal(osc_echo_received(&echo, 1, 6, NOW), 0);
    assert_int_equal(osc_echo_received(&echo, 1, 5, NOW), 1);
    assert_int_equal(osc_echo_received(&echo, 1, 5, NOW), 0);
}

static void test_answers_come_in_order(void **state)
{
    struct osc_echo echo = {0};

    osc_echo_sent(&echo, 1, 5, 0, NOW);
    osc_echo_sent(&echo, 1, 6, 3, NOW);
    osc_echo_sent(&echo, 1, 5, 1, NOW);
    assert_int_equal(osc_echo_received(&echo, 1, 6, NOW), 4); /* the answer to the first is lost */
    assert_int_equal(osc_echo_received(&echo, 1, 5, NOW), 2);
    assert_int_equal(osc_echo_received(&echo, 1, 5, NOW), 0);
}

/* Of older ones it is only known how many there are. */
static void test_only_some_are_remembered(void **state)
{
    struct osc_echo echo = {0};

    for (uint32_t mark = 0; mark < OSC_ECHO_MESSAGES + 2; mark++)
        osc_echo_sent(&echo, 1, mark, mark < 2 ? 1 : 1000, NOW);
    assert_int_equal(osc_echo_received(&echo, 1, 0, NOW), 2);
    assert_int_equal(osc_echo_received(&echo, 1, 2, NOW), OSC_ECHO_MAX_CHAIN + 1);
    assert_int_equal(osc_echo_received(&echo, 1, 2, NOW), 2);
    assert_int_equal(osc_echo_received(&echo, 1, 2, NOW), 0);
    assert_int_equal(osc_echo_received(&echo, 1, OSC_ECHO_MESSAGES + 1, NOW), OSC_ECHO_MAX_CHAIN + 1);
    for (uint32_t mark = 0; mark < OSC_ECHO_MESSAGES + 2; mark++)
        osc_echo_sent(&echo, 1, mark, 0, NOW);
    assert_int_equal(osc_echo_received(&echo, 1, 100, NOW + OSC_ECHO_NS + 1), 0);
}

static void test_neither_late_nor_from_another_peer(void **state)
{
    struct osc_echo echo = {0};

    osc_echo_sent(&echo, 1, 5, 0, NOW);
    assert_int_equal(osc_echo_received(&echo, 1, 5, NOW + OSC_ECHO_NS + 1), 0);
    osc_echo_sent(&echo, 1, 5, 0, NOW);
    assert_int_equal(osc_echo_received(&echo, 2, 5, NOW), 0);
    osc_echo_sent(&echo, 1, 5, 0, NOW);
    osc_echo_sent(&echo, 2, 6, 0, NOW);
    assert_int_equal(osc_echo_received(&echo, 2, 5, NOW), 0);
    assert_int_equal(osc_echo_received(&echo, 2, 6, NOW + OSC_ECHO_NS), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_each_message_is_answered_once),
        cmocka_unit_test(test_answers_come_in_order),
        cmocka_unit_test(test_only_some_are_remembered),
        cmocka_unit_test(test_neither_late_nor_from_another_peer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
