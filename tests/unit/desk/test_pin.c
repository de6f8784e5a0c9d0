/* SPDX-License-Identifier: BSD-2-Clause */
/* PINs: what one may be, and that equal ones have equal hashes with the same settings only. */
#include "broker/desk/pin.h"

#include "firecurtain/time.h"
#include "tests/unit/check.h"

static void test_a_pin_is_six_to_twelve_digits(void **state)
{
    static const char *const bad[] = {"",        "12345",    "1234567890123", "12345a",
                                      " 123456", "123456\n", "-123456"};

    assert_true(pin_is_sound("000000"));
    assert_true(pin_is_sound("123456789012"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(pin_is_sound(bad[i]));
}

static void test_the_settings_are_in_the_hash(void **state)
{
    char first[CONTROL_MAX_PIN + 1], again[CONTROL_MAX_PIN + 1], settings[CONTROL_MAX_PIN + 1];

    assert_true(pin_hash("271828", NULL, first));
    assert_null(strstr(first, "271828"));
    strcpy(settings, first);
    *strrchr(settings, '$') = '\0';
    assert_true(pin_hash("271828", settings, again));
    assert_string_equal(again, first);
    assert_true(pin_hash("271829", settings, again));
    assert_string_not_equal(again, first);
    assert_true(pin_hash("271828", NULL, again)); /* with another salt */
    assert_string_not_equal(again, first);
}

static void test_nobody_else_chooses_the_cost(void **state)
{
    static const char *const bad[] = {
        "", "$y$jFT$abcdefghij", "$1$abcdefgh", "$6$rounds=999999999$abc", "$y$j9T$", "ab"};
    char hash[CONTROL_MAX_PIN + 1];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (pin_hash("271828", bad[i], hash) && strncmp(hash, "$y$j9T$", 7) != 0)
            fail_msg("%s makes %s", bad[i], hash);
    }
    assert_false(pin_hash("271828", "$1$abcdefgh", hash));
}

static void test_a_few_at_once_and_then_one_a_second(void **state)
{
    unsigned n = 0;

    while (n < 100 && pin_may_hash(FC_NS_PER_S))
        n++;
    assert_int_equal(n, 3);
    assert_false(pin_may_hash(FC_NS_PER_S + FC_NS_PER_S / 2));
    assert_true(pin_may_hash(2 * FC_NS_PER_S));
    assert_false(pin_may_hash(2 * FC_NS_PER_S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pin_is_six_to_twelve_digits),
        cmocka_unit_test(test_the_settings_are_in_the_hash),
        cmocka_unit_test(test_nobody_else_chooses_the_cost),
        cmocka_unit_test(test_a_few_at_once_and_then_one_a_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
