/* SPDX-License-Identifier: BSD-2-Clause */
/* Types and ranges, and the configuration lines that define them. */
#include <errno.h>
#include <float.h>
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

int fc_doubt(struct fc_reason *reason, const char *format, ...)
{
    fail(); /* the reader of formats keeps the first doubt itself */
    return FC_DOUBT;
}

static void assert_refused(const char *pattern, const char *value, const char *why)
{
    struct osc_format *format = NULL;
    struct fc_reason reason = {""};

    assert_int_equal(osc_format_new(&format, pattern, value, &reason), -EINVAL);
    assert_null(format);
    assert_string_equal(reason.text, why);
}

/* The line is taken with a warning, and value 1 has this range. */
static void assert_doubted(const char *value, double min, double max, const char *why)
{
    struct osc_format *format = NULL;
    struct fc_reason reason = {""};

    assert_int_equal(osc_format_new(&format, "/x", value, &reason), FC_DOUBT);
    assert_string_equal(reason.text, why);
    assert_true(format->ranges[0].min == min && format->ranges[0].max == max);
    osc_format_free(format);
}

static struct osc_range range_of(const char *value)
{
    struct osc_format *format = NULL;
    struct fc_reason reason = {""};
    struct osc_range range;

    if (osc_format_new(&format, "/x", value, &reason) < 0) /* or doubts it */
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
    assert_refused("/x", "f", "the minimum of value 1 (type f) is missing");
    assert_refused("/x", "f 0", "the maximum of value 1 (type f) is missing");
    assert_refused("/x", "ff 0 1", "the minimum of value 2 (type f) is missing");
    assert_refused(
        "/x", "q 0 1",
        "unknown type \"q\"; the types are i, f, h and d with a minimum and a maximum, and s, S, b, "
        "c, m, t, T, F, N and I without");
    assert_refused("/x", "[ff] 0 1 0 1", "arrays are read without their brackets: leave them out");
    assert_refused("/x", "f 0 up", "\"up\", the maximum of value 1, is not a number");
    assert_refused("/x", "f nan 1", "\"nan\", the minimum of value 1 (type f), is not finite");
    assert_refused("/x", "i 0 inf", "\"inf\", the maximum of value 1 (type i), is not finite");
    assert_refused("/x", "d -1e308 1e308", "minimum and maximum of value 1 are too far apart");
    assert_refused("/x", "s \"go", "the text of value 1 must end in a quotation mark and a blank");
    assert_refused("/x", "s \"go\"on", "the text of value 1 must end in a quotation mark and a blank");
    assert_refused("/x[", "f 0 1", "\"/x[\" is not a pattern: a [ is never closed");
    assert_refused("/x y", "f 0 1", "\"/x y\" is not a pattern: a space is not allowed, except in quotes");
    assert_refused("\"/x y", "f 0 1", "\"/x y: the quotation mark at the end is missing");
}

/* MIDIMonster starts with all of these. */
static void test_doubtful_lines_are_taken(void **state)
{
    assert_doubted("f 0 1 2", 0, 1,
                   "\"2\" and what follows it are left out: there are too many values for 1 type");
    assert_doubted("ff 0 1 0 1 go 2", 0, 1,
                   "\"go\" and what follows it are left out: there are too many values for 2 types");
    assert_doubted("f 1 1", 1, 1, "minimum and maximum of value 1 are equal: it is always sent as 1");
    assert_doubted("f 1 1.000000001", 1, 1,
                   "minimum and maximum of value 1 are equal: it is always sent as 1");
    assert_doubted("i 2147483646 2147483646", 2147483646, 2147483646,
                   "minimum and maximum of value 1 are equal: it is always sent as 2147483646");
    assert_doubted("f 0 1x", 0, 1, "\"1x\", the maximum of value 1, is not a number; it is read as 1");
    assert_doubted("f 0,5 2", 0, 2, "\"0,5\", the minimum of value 1, is not a number; it is read as 0");
    assert_doubted(
        "i 0 1.5", 0, 1,
        "\"1.5\", the maximum of value 1 (type i), is not a whole number, which the type requires; it "
        "is read as 1");
    assert_doubted(
        "i 0 2147483648", 0, 2147483647,
        "\"2147483648\", the maximum of value 1 (type i), is out of the range of the type; it is read "
        "as 2147483647");
    assert_doubted(
        "h -1e19 0", -0x1p63, 0,
        "\"-1e19\", the minimum of value 1 (type h), is out of the range of the type; it is read as "
        "-9223372036854775808");
    assert_doubted(
        "f 0 1e39", 0, (double)FLT_MAX,
        "\"1e39\", the maximum of value 1 (type f), is out of the range of the type; it is read as "
        "3.40282e+38");
}

static void test_values_without_a_range(void **state)
{
    struct osc_format *format = NULL;
    struct fc_reason reason;

    assert_int_equal(osc_format_new(&format, "\"/my mode, \xc3\xa4\"", "siTSf \"two words\" 0 1 \"\" 0 100",
                                    &reason),
                     0);
    assert_string_equal(format->pattern, "/my mode, \xc3\xa4");
    assert_int_equal(format->n_ranges, 5);
    assert_string_equal(format->ranges[0].text, "two words");
    assert_true(format->ranges[1].min == 0 && format->ranges[1].max == 1);
    assert_string_equal(format->ranges[3].text, "");
    assert_true(format->ranges[4].min == 0 && format->ranges[4].max == 100);
    osc_format_free(format);
    assert_int_equal(osc_format_new(&format, "/x", "sif 0 1 0 100", &reason), 0);
    assert_null(format->ranges[0].text);
    assert_true(format->ranges[2].min == 0 && format->ranges[2].max == 100);
    osc_format_free(format);
    assert_int_equal(osc_format_new(&format, "/xremote", "", &reason), 0);
    assert_int_equal(format->n_ranges, 0);
    osc_format_free(format);
    for (const char *type = "sSbcmtTFNI"; *type; type++)
        assert_false(osc_format_is_number(*type));
}

static void test_texts_have_a_limit(void **state)
{
    char value[OSC_FORMAT_MAX_TEXT + 8] = "s \"";
    struct osc_format *format = NULL;
    struct fc_reason reason;

    memset(value + 3, 'x', OSC_FORMAT_MAX_TEXT);
    strcpy(value + 3 + OSC_FORMAT_MAX_TEXT, "\"");
    assert_refused("/x", value, "the texts together have more than 1024 characters");
    strcpy(value + 2 + OSC_FORMAT_MAX_TEXT, "\"");
    assert_int_equal(osc_format_new(&format, "/x", value, &reason), 0);
    osc_format_free(format);
}

static void test_single_values(void **state)
{
    struct osc_range one = range_of("i 1 1");

    assert_true(osc_format_denormalise(&one, 0) == 1 && osc_format_denormalise(&one, 0.3) == 1);
    assert_true(osc_format_normalise(&one, 0) == 0 && osc_format_normalise(&one, 1) == 1);
    assert_true(osc_format_normalise(&one, 2) == 1 && isnan(osc_format_normalise(&one, NAN)));
    assert_true(osc_format_rest(&one) == 1);
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
        cmocka_unit_test(test_doubtful_lines_are_taken),
        cmocka_unit_test(test_values_without_a_range),
        cmocka_unit_test(test_texts_have_a_limit),
        cmocka_unit_test(test_single_values),
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
