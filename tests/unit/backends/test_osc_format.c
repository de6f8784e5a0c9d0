/* SPDX-License-Identifier: BSD-2-Clause */
/* Types and ranges, and the configuration lines that define them. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/backends/osc_format.h"

int fc_refuse(struct fc_reason *reason, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason->text, sizeof(reason->text), format, arguments);
    va_end(arguments);
    return -EINVAL;
}

static void assert_refused(const char *pattern, const char *value, const char *why)
{
    struct osc_format *format = NULL;
    struct fc_reason reason = {""};

    assert_int_equal(osc_format_new(&format, pattern, value, &reason), -EINVAL);
    assert_null(format);
    assert_string_equal(reason.text, why);
}

static struct osc_range range_of(const char *value)
{
    struct osc_format *format = NULL;
    struct fc_reason reason = {""};
    struct osc_range range;

    if (osc_format_new(&format, "/x", value, &reason) < 0)
        fail_msg("%s: %s", value, reason.text);
    assert_int_equal(format->n_ranges, 1);
    range = format->ranges[0];
    assert_null(osc_format_free(format));
    return range;
}

static void test_line_is_read(void **state)
{
    struct osc_format *format = NULL;
    struct fc_reason reason;

    assert_int_equal(osc_format_new(&format, "/1/xy*", "ih\t 0x10 -5   7 1024.0 ", &reason), 0);
    assert_string_equal(format->pattern, "/1/xy*");
    assert_int_equal(format->n_ranges, 2);
    assert_int_equal(format->ranges[0].type, 'i');
    assert_true(format->ranges[0].min == 16 && format->ranges[0].max == -5);
    assert_int_equal(format->ranges[1].type, 'h');
    assert_true(format->ranges[1].min == 7 && format->ranges[1].max == 1024);
    osc_format_free(format);
    assert_null(osc_format_free(NULL));
}

static void test_bad_lines_say_why(void **state)
{
    assert_refused("/x", "", "types and their ranges are missing; an example is \"f 0.0 1.0\"");
    assert_refused("/x", "f", "the minimum of value 1 (type f) is missing");
    assert_refused("/x", "f 0", "the maximum of value 1 (type f) is missing");
    assert_refused("/x", "ff 0 1", "the minimum of value 2 (type f) is missing");
    assert_refused("/x", "q 0 1", "unknown type \"q\"; the types are i, f, h and d");
    assert_refused("/x", "f 0 1 2", "too many numbers for 1 type");
    assert_refused("/x", "ff 0 1 0 1 2", "too many numbers for 2 types");
    assert_refused("/x", "f 1 1", "minimum and maximum of value 1 are equal");
    assert_refused("/x", "f 1 1.000000001", "minimum and maximum of value 1 are equal");
    assert_refused("/x", "f 0 up", "\"up\", the maximum of value 1, is not a number");
    assert_refused("/x", "f 0 1x", "\"1x\", the maximum of value 1, is not a number");
    assert_refused("/x", "f nan 1", "\"nan\", the minimum of value 1 (type f), is not finite");
    assert_refused("/x", "f 0 1e39",
                   "\"1e39\", the maximum of value 1 (type f), is out of the range of the type");
    assert_refused(
        "/x", "i 0 0.5",
        "\"0.5\", the maximum of value 1 (type i), is not a whole number, which the type requires");
    assert_refused("/x", "i 0 2147483648",
                   "\"2147483648\", the maximum of value 1 (type i), is out of the range of the type");
    assert_refused("/x", "d -1e308 1e308", "minimum and maximum of value 1 are too far apart");
    assert_refused("/x[", "f 0 1", "\"/x[\" is not a pattern: a [ is never closed");
}

static void test_number_of_values_has_a_limit(void **state)
{
    char types[OSC_FORMAT_MAX_VALUES + 2];

    memset(types, 'f', sizeof(types));
    types[OSC_FORMAT_MAX_VALUES] = '\0';
    assert_refused("/x", types, "the minimum of value 1 (type f) is missing");
    types[OSC_FORMAT_MAX_VALUES] = 'f';
    types[OSC_FORMAT_MAX_VALUES + 1] = '\0';
    assert_refused("/x", types, "more than 1024 values");
}

static void test_defaults(void **state)
{
    struct osc_range range;

    assert_true(osc_format_default('i', &range) && range.min == 0 && range.max == 255);
    assert_true(osc_format_default('f', &range) && range.min == 0 && range.max == 1);
    assert_true(osc_format_default('h', &range) && range.min == 0 && range.max == 1024);
    assert_true(osc_format_default('d', &range) && range.min == 0 && range.max == 1);
    assert_false(osc_format_default('s', &range));
    assert_false(osc_format_default('\0', &range));
}

/* MIDIMonster divides integers here: the result is 0 for everything below the maximum. */
static void test_integers_are_normalised_as_fractions(void **state)
{
    struct osc_range range = range_of("i 0 100");

    assert_true(osc_format_normalise(&range, 25) == 0.25);
    assert_true(osc_format_normalise(&range, 99) == 0.99);
    assert_true(osc_format_normalise(&range, 100) == 1);
}

static void test_normalising(void **state)
{
    struct osc_range range = range_of("f -1 3");
    struct osc_range inverted = range_of("i 10 0");
    struct osc_range tenths = range_of("f 0 0.7");

    assert_true(osc_format_normalise(&range, 0) == 0.25);
    assert_true(osc_format_normalise(&range, -2) == 0);
    assert_true(osc_format_normalise(&range, 4) == 1);
    assert_true(osc_format_normalise(&range, INFINITY) == 1);
    assert_true(osc_format_normalise(&range, -INFINITY) == 0);
    assert_true(isnan(osc_format_normalise(&range, NAN)));
    assert_true(osc_format_normalise(&inverted, 10) == 0);
    assert_true(osc_format_normalise(&inverted, 2.5) == 0.75);
    assert_true(osc_format_normalise(&inverted, -1) == 1);
    assert_true(osc_format_normalise(&tenths, (double)0.7F) == 1);
}

static void test_denormalising(void **state)
{
    struct osc_range whole = range_of("i 0 255");
    struct osc_range inverted = range_of("f 2 -2");
    struct osc_range wide = range_of("h -9223372036854775808 9223372036854774784");

    assert_true(osc_format_denormalise(&whole, 0.5) == 128);
    assert_true(osc_format_denormalise(&whole, 0.49) == 125);
    assert_true(osc_format_denormalise(&inverted, 0) == 2);
    assert_true(osc_format_denormalise(&inverted, 0.75) == -1);
    assert_true(osc_format_denormalise(&inverted, 1) == -2);
    assert_true(osc_format_denormalise(&wide, 0) == -0x1p63);
    assert_true(osc_format_denormalise(&wide, 1) == 9223372036854774784.0);
}

static void test_ends_are_met_exactly(void **state)
{
    struct osc_range range = range_of("d 0.1 0.7");

    assert_true(osc_format_denormalise(&range, 0) == 0.1);
    assert_true(osc_format_denormalise(&range, 1) == 0.7);
}

static void test_rest(void **state)
{
    struct osc_range around = range_of("f -1 1");
    struct osc_range above = range_of("f 2 1");
    struct osc_range below = range_of("i -5 -1");

    assert_true(osc_format_rest(&around) == 0);
    assert_true(osc_format_rest(&above) == 1);
    assert_true(osc_format_rest(&below) == -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_is_read),
        cmocka_unit_test(test_bad_lines_say_why),
        cmocka_unit_test(test_number_of_values_has_a_limit),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_integers_are_normalised_as_fractions),
        cmocka_unit_test(test_normalising),
        cmocka_unit_test(test_denormalising),
        cmocka_unit_test(test_ends_are_met_exactly),
        cmocka_unit_test(test_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
