/* SPDX-License-Identifier: BSD-2-Clause */
/* What address patterns may cost, by a clock of the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/backends/osc_effort.h"
#include "firecurtain/time.h"

static void test_a_pattern_is_finished_on_credit(void **state)
{
    struct osc_effort effort;

    osc_effort_init(&effort, 1);
    assert_true(osc_effort_may_begin(&effort, 1));
    osc_effort_spend(&effort, OSC_EFFORT_BURST - 1);
    assert_true(osc_effort_may_begin(&effort, 1));
    osc_effort_spend(&effort, OSC_EFFORT_PER_SECOND / 2);
    assert_false(osc_effort_may_begin(&effort, 1));
    assert_false(osc_effort_may_begin(&effort, FC_NS_PER_S / 2 - FC_NS_PER_MS));
    assert_true(osc_effort_may_begin(&effort, FC_NS_PER_S / 2 + FC_NS_PER_MS));
}

static void test_what_is_saved_has_a_limit(void **state)
{
    struct osc_effort effort;

    osc_effort_init(&effort, 0);
    assert_true(osc_effort_may_begin(&effort, 1000 * FC_NS_PER_S));
    assert_int_equal(effort.left, OSC_EFFORT_BURST);
    osc_effort_spend(&effort, 2 * OSC_EFFORT_BURST);
    assert_true(osc_effort_may_begin(&effort, UINT64_MAX / 2));
    assert_int_equal(effort.left, OSC_EFFORT_BURST);
}

/* However often it is asked in between, as much comes together in a second. */
static void test_nothing_is_lost_between_two_looks(void **state)
{
    struct osc_effort effort;

    osc_effort_init(&effort, 0);
    osc_effort_spend(&effort, OSC_EFFORT_BURST + OSC_EFFORT_PER_SECOND);
    for (uint64_t now_ns = 0; now_ns < FC_NS_PER_S; now_ns += 77777)
        assert_false(osc_effort_may_begin(&effort, now_ns));
    osc_effort_may_begin(&effort, FC_NS_PER_S);
    assert_int_equal(effort.left, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pattern_is_finished_on_credit),
        cmocka_unit_test(test_what_is_saved_has_a_limit),
        cmocka_unit_test(test_nothing_is_lost_between_two_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
