/* SPDX-License-Identifier: BSD-2-Clause */
/* As how many requests one counts: whoever asks for more pays for more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/control_rules.h"

static uint64_t cost_of(enum control_verb verb, size_t n_names)
{
    return control_rules_cost(&(struct control_request){.verb = verb, .n_names = n_names});
}

static void test_each_name_is_paid_for(void **state)
{
    assert_int_equal(cost_of(CONTROL_STATUS, 1), 1);
    assert_int_equal(cost_of(CONTROL_STATUS, 16), 2);
    assert_int_equal(cost_of(CONTROL_STATUS, CONTROL_MAX_NAMES), 1 + CONTROL_MAX_NAMES / 16);
    assert_int_equal(cost_of(CONTROL_WATCH, 1), 1);
    assert_int_equal(cost_of(CONTROL_WATCH, CONTROL_MAX_PATTERNS),
                     5); /* all eight of a uid at once: 40 of 50 */
    assert_int_equal(cost_of(CONTROL_NONE, CONTROL_MAX_NAMES), 17);
}

static void test_lists_of_all_cost_more(void **state)
{
    struct control_request request = {.verb = CONTROL_STATUS, .channels = true, .n_names = 16};

    assert_int_equal(cost_of(CONTROL_STATUS, 0), 5);
    assert_int_equal(control_rules_cost(&request), 6);
    assert_int_equal(cost_of(CONTROL_ROUTES, 0), 5);
    assert_int_equal(cost_of(CONTROL_CHANNELS, 1), 20);
}

/* A caller saves up a tenth of a second's worth, 50: nothing that may be asked costs more. */
static void test_everything_can_be_afforded(void **state)
{
    for (int verb = CONTROL_NONE + 1; verb < CONTROL_VERBS_; verb++) {
        for (size_t n_names = 0; n_names <= CONTROL_MAX_NAMES; n_names++) {
            struct control_request request = {.version = CONTROL_VERSION,
                                              .verb = (enum control_verb)verb,
                                              .channels = true,
                                              .n_names = n_names};
            struct control_reply reply;

            if (control_rules_check(&request, &reply))
                assert_in_range(control_rules_cost(&request), 1, 50);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_name_is_paid_for),
        cmocka_unit_test(test_lists_of_all_cost_more),
        cmocka_unit_test(test_everything_can_be_afforded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
