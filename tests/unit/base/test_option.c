/* SPDX-License-Identifier: BSD-2-Clause */
/* Switches: the words that they take, and what becomes of others. */
#include "firecurtain/option.h"
#include "tests/unit/check.h"

static const char *const words[][2] = {{"off", "on"}, {"no", "yes"}, {"false", "true"}, {"0", "1"}};
static const char *const none[] = {"", "On", "ON", "onn", "2", "01", " on", "on ", "y", "verbose"};

static void test_a_switch_takes_its_words(void **state)
{
    for (size_t i = 0; i < 8; i++) {
        struct fc_reason reason = {""};
        bool is_on = i % 2 == 0;

        assert_int_equal(fc_option_switch(&is_on, "sync", words[i / 2][i % 2], &reason), 0);
        assert_int_equal(is_on, i % 2);
        assert_string_equal(reason.text, "");
    }
}

static void test_a_switch_refuses_others_and_stays_as_it_is(void **state)
{
    struct fc_reason reason;

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        bool is_on = i % 2;

        assert_int_equal(fc_option_switch(&is_on, "sync", none[i], &reason), -EINVAL);
        assert_int_equal(is_on, i % 2);
    }
    assert_string_equal(reason.text, "sync is on or off, not \"verbose\"");
}

static void test_detect_takes_others_for_on(void **state)
{
    struct fc_reason reason;
    bool detects = true;

    assert_int_equal(fc_option_detect(&detects, "no", &reason), 0);
    assert_false(detects);
    assert_int_equal(fc_option_detect(&detects, "1", &reason), 0);
    assert_true(detects);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        detects = false;
        assert_int_equal(fc_option_detect(&detects, none[i], &reason), FC_DOUBT);
        assert_true(detects);
    }
    assert_string_equal(reason.text, "detect is on or off; \"verbose\" means on");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_switch_takes_its_words),
        cmocka_unit_test(test_a_switch_refuses_others_and_stays_as_it_is),
        cmocka_unit_test(test_detect_takes_others_for_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
