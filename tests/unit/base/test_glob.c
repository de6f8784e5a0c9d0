/* SPDX-License-Identifier: BSD-2-Clause */
/* Channel globs: the names they stand for, their order, and what is refused and where. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/base/glob.h"

/* Asserts that all names of `text`, with a blank between them, are `expected`. */
static void assert_names(const char *text, const char *expected)
{
    struct glob_error error;
    struct glob glob;
    char all[1024] = "";

    assert_int_equal(glob_parse(&glob, text, &error), 0);
    for (uint64_t i = 0; i < glob.n_names; i++) {
        char name[64];
        int length = glob_name(&glob, i, name, sizeof(name));

        assert_int_equal(length, strlen(name));
        strcat(all, i ? " " : "");
        strcat(all, name);
    }
    assert_string_equal(all, expected);
    glob_deinit(&glob);
}

static void assert_refused(const char *text, size_t offset, const char *message)
{
    struct glob glob;
    struct glob_error error;

    assert_int_equal(glob_parse(&glob, text, &error), -EINVAL);
    assert_string_equal(error.text, message);
    assert_int_equal(error.offset, offset);
    assert_int_equal(glob.n_names, 0);
    assert_null(glob.parts);
}

static void assert_count(const char *text, uint64_t n_names)
{
    struct glob glob;
    struct glob_error error;

    assert_int_equal(glob_parse(&glob, text, &error), 0);
    assert_int_equal(glob.n_names, n_names);
    glob_deinit(&glob);
}

static void test_names_without_expression(void **state)
{
    assert_names("fader", "fader");
    assert_names("/1/xy:0", "/1/xy:0");
    assert_names("a[1-3]=b.c", "a[1-3]=b.c");
    assert_names("lonely}", "lonely}");
    assert_count("", 1);
    assert_names("", "");
}

static void test_ranges(void **state)
{
    assert_names("{1..5}", "1 2 3 4 5");
    assert_names("{5..1}", "5 4 3 2 1");
    assert_names("{7..7}", "7");
    assert_names("cc{0..2}x", "cc0x cc1x cc2x");
    assert_names("{9..11}", "9 10 11");
    assert_names("{ 1 .. 2 }", "1 2");
    assert_names("{01..03}", "1 2 3");
    assert_names("{18446744073709551614..18446744073709551615}", "18446744073709551614 18446744073709551615");
}

static void test_lists(void **state)
{
    assert_names("{a,b,c}", "a b c");
    assert_names("x{one,two}y", "xoney xtwoy");
    assert_names("{a.b,c}", "a.b c");
    assert_names("{a,1..3}", "a 1..3");
    assert_names("{a,a}", "a a");
    /* blanks are part of a name */
    assert_names("{a, b}", "a  b");
}

static void test_rightmost_varies_fastest(void **state)
{
    assert_names("{a,b}{1..3}", "a1 a2 a3 b1 b2 b3");
    assert_names("{2..1}.{x,y}.{8..9}", "2.x.8 2.x.9 2.y.8 2.y.9 1.x.8 1.x.9 1.y.8 1.y.9");
}

static void test_unclosed(void **state)
{
    assert_refused("{1..5", 0, "\"{\" has no closing \"}\"");
    assert_refused("ab{1..2}c{", 9, "\"{\" has no closing \"}\"");
    assert_refused("x{a{b,c}}", 1, "\"{\" has no closing \"}\" before the next \"{\"");
}

static void test_neither_range_nor_list(void **state)
{
    assert_refused("a{}", 1, "\"{}\" is neither a range such as {1..5} nor a list such as {a,b}");
    assert_refused("{5}", 0, "\"{5}\" is neither a range such as {1..5} nor a list such as {a,b}");
    assert_refused("ab{1-5}", 2, "\"{1-5}\" is neither a range such as {1..5} nor a list such as {a,b}");
}

static void test_bad_ranges(void **state)
{
    const char *const bad[] = {
        "{a..b}",  "{1..}",    "{..5}",    "{..}",      "{-1..5}", "{1...5}",
        "{1..2x}", "{1 2..3}", "{1..3,5}", "{1..3..5}", "{+1..2}", "{18446744073709551616..1}",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char message[128];

        snprintf(message, sizeof(message), "\"%s\" is not a range of whole numbers such as {1..5}", bad[i]);
        assert_refused(bad[i], 0, message);
    }
}

static void test_empty_names_in_lists(void **state)
{
    assert_refused("{a,,b}", 0, "\"{a,,b}\" has an empty name in its list");
    assert_refused("{,a}", 0, "\"{,a}\" has an empty name in its list");
    assert_refused("x{a,}", 1, "\"{a,}\" has an empty name in its list");
    assert_refused("{,}", 0, "\"{,}\" has an empty name in its list");
}

static void test_error_is_at_the_expression_with_it(void **state)
{
    assert_refused("{1..2}{3..x}{4..5}", 6, "\"{3..x}\" is not a range of whole numbers such as {1..5}");
}

static void test_long_expression_is_cut_in_the_message(void **state)
{
    assert_refused(
        "{aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd}", 0,
        "\"{aaaaaaaaaabbbbbbbbbbccccccccccdddddd...\" is neither a range such as {1..5} nor a list such as "
        "{a,b}");
}

static void test_number_of_names_is_limited(void **state)
{
    assert_count("{1..1000000}", 1000000);
    assert_count("{1..1000}{a,b}{1..500}", 1000000);
    assert_refused("x{0..1000000}", 1, "a channel stands for more than 1000000 names");
    assert_refused("{1..1000}{1..1001}", 9, "a channel stands for more than 1000000 names");
    assert_refused("{0..18446744073709551615}", 0, "a channel stands for more than 1000000 names");
    assert_refused("{18446744073709551615..0}", 0, "a channel stands for more than 1000000 names");
}

static void test_last_of_many_names(void **state)
{
    struct glob glob;
    struct glob_error error;
    char name[16];

    assert_int_equal(glob_parse(&glob, "{1..1000}.{1..1000}", &error), 0);
    assert_int_equal(glob_name(&glob, 999999, name, sizeof(name)), 9);
    assert_string_equal(name, "1000.1000");
    assert_int_equal(glob_name(&glob, 1000, name, sizeof(name)), 3);
    assert_string_equal(name, "2.1");
    glob_deinit(&glob);
}

static void test_list_of_100000_names(void **state)
{
    struct glob glob;
    struct glob_error error;
    char *text = malloc(700000);
    size_t used = 0;
    char name[16];

    for (int i = 0; i < 100000; i++)
        used += (size_t)sprintf(text + used, "%cn%d", i ? ',' : '{', i);
    strcpy(text + used, "}");
    assert_int_equal(glob_parse(&glob, text, &error), 0);
    free(text);
    assert_int_equal(glob.n_names, 100000);
    for (uint64_t i = 0; i < glob.n_names; i++)
        assert_true(glob_name(&glob, i, name, sizeof(name)) > 0);
    assert_string_equal(name, "n99999");
    glob_deinit(&glob);
}

static void test_room_for_the_name(void **state)
{
    struct glob glob;
    struct glob_error error;
    char name[6];

    assert_int_equal(glob_parse(&glob, "ab{9..10}c", &error), 0);
    assert_int_equal(glob_name(&glob, 1, name, 6), 5);
    assert_string_equal(name, "ab10c");
    assert_int_equal(glob_name(&glob, 1, name, 5), -ENAMETOOLONG);
    assert_int_equal(glob_name(&glob, 0, name, 5), 4);
    assert_int_equal(glob_name(&glob, 0, name, 1), -ENAMETOOLONG);
    assert_int_equal(glob_name(&glob, 0, name, 0), -ENAMETOOLONG);
    glob_deinit(&glob);
    assert_int_equal(glob_parse(&glob, "", &error), 0);
    assert_int_equal(glob_name(&glob, 0, name, 0), -ENAMETOOLONG);
    assert_int_equal(glob_name(&glob, 0, name, 1), 0);
    glob_deinit(&glob);
}

static void test_nothing_is_shared_with_the_text(void **state)
{
    struct glob glob;
    struct glob_error error;
    char text[] = "a{b,c}";
    char name[8];

    assert_int_equal(glob_parse(&glob, text, &error), 0);
    memset(text, 'x', strlen(text));
    assert_int_equal(glob_name(&glob, 1, name, sizeof(name)), 2);
    assert_string_equal(name, "ac");
    glob_deinit(&glob);
}

static void test_deinit_twice(void **state)
{
    struct glob zeroed = {0};
    struct glob glob;
    struct glob_error error;

    glob_deinit(&zeroed);
    assert_int_equal(glob_parse(&glob, "{a,b}", &error), 0);
    glob_deinit(&glob);
    glob_deinit(&glob);
    assert_int_equal(glob.n_names, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_without_expression),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_rightmost_varies_fastest),
        cmocka_unit_test(test_unclosed),
        cmocka_unit_test(test_neither_range_nor_list),
        cmocka_unit_test(test_bad_ranges),
        cmocka_unit_test(test_empty_names_in_lists),
        cmocka_unit_test(test_error_is_at_the_expression_with_it),
        cmocka_unit_test(test_long_expression_is_cut_in_the_message),
        cmocka_unit_test(test_number_of_names_is_limited),
        cmocka_unit_test(test_last_of_many_names),
        cmocka_unit_test(test_list_of_100000_names),
        cmocka_unit_test(test_room_for_the_name),
        cmocka_unit_test(test_nothing_is_shared_with_the_text),
        cmocka_unit_test(test_deinit_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
