/* SPDX-License-Identifier: BSD-2-Clause */
/* OSC address patterns: what is valid, what matches, and that no pattern takes long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/backends/osc_pattern.h"
#include "firecurtain/cleanup.h"

struct match {
    const char *pattern;
    const char *address;
    bool matches;
};

static const struct match matches[] = {
    /* literals */
    {"/a/b", "/a/b", true},
    {"/a/b", "/a/bc", false},
    {"/a/bc", "/a/b", false},
    {"/a/b", "", false},
    {"/", "/", true},
    /* one character */
    {"/fader?", "/fader1", true},
    {"/fader?", "/fader", false},
    {"/fader?", "/fader12", false},
    {"/a?b", "/a/b", false},
    /* any characters */
    {"/fader*", "/fader", true},
    {"/fader*", "/fader12", true},
    {"/fader*", "/fader1/x", false},
    {"/*", "/", true},
    {"/*/x", "/a/x", true},
    {"/*/x", "/a/b/x", false},
    {"/*/*", "/a/b", true},
    {"/*/*", "/a", false},
    /* needs backtracking */
    {"/*er", "/faderer", true},
    {"/*er", "/faders", false},
    {"/a*b*c", "/aXbYbZc", true},
    {"/a*b*c", "/aXbYbZ", false},
    {"/*aab", "/aaaaab", true},
    {"/*[0-9]", "/ch1x2", true},
    {"/*{er,ers}", "/faders", true},
    {"/*{a,b}c", "/abac", true},
    {"/**x", "/x", true},
    /* sets */
    {"/[abc]", "/b", true},
    {"/[abc]", "/d", false},
    {"/[abc]", "/", false},
    {"/[a-c]x", "/bx", true},
    {"/[a-c]x", "/-x", false},
    {"/[c-a]", "/b", true},
    {"/[a-]", "/-", true},
    {"/[a-]", "/b", false},
    {"/[-a]", "/-", true},
    {"/[!a-c]", "/b", false},
    {"/[!a-c]", "/x", true},
    {"/x[!a]y", "/x/y", false},
    {"/[a!]", "/!", true},
    {"/[a-c0-9_]", "/7", true},
    {"/[a-c0-9_]", "/_", true},
    {"/[a-c0-9_]", "/d", false},
    /* lists */
    {"/{one,two}", "/one", true},
    {"/{one,two}", "/two", true},
    {"/{one,two}", "/on", false},
    {"/{one,two}", "/onetwo", false},
    {"/{a,ab}c", "/abc", true},
    {"/{a,ab}c", "/ac", true},
    {"/{,x}y", "/y", true},
    {"/{,x}y", "/xy", true},
    {"/{x,}y", "/y", true},
    {"/{a,b}{c,d}", "/bc", true},
    {"/{a,b}{c,d}", "/ab", false},
    {"/{a,b}{c,d}", "/a", false},
    {"/{a,b}/{c,d}", "/a/d", true},
    {"/{one}", "/one", true},
    {"/x{one,two}y{three,four}", "/xtwoythree", true},
    /* beyond ASCII */
    {"/f?der", "/f\303\244der", true},
    {"/f?der", "/f\xc3\xa4\303\244der", false},
    {"/??", "/\xe2\x82\xac\xc3\xa4", true},
    {"/?", "/\xe2\x82\xac\xc3\xa4", false},
    {"/[!a]x", "/\xe2\x82\xacx", true},
    {"/{\xc3\xa4,b c}", "/\xc3\xa4", true},
    {"/{\xc3\xa4,b c}", "/b c", true},
    {"/*", "/\xc3\xa4", true},
    {"/{a,b},{c,d},e", "/b,c,e", true},
    {"/{a,b},{c,d},e", "/be", false},
    {"/a,?", "/a,b", true},
};

static void test_matches(void **state)
{
    for (size_t n = 0; n < FC_ARRAY_SIZE(matches); n++) {
        const struct match *match = &matches[n];
        size_t steps = 0;

        assert_null(osc_pattern_complaint(match->pattern, OSC_PATTERN_WILDCARDS | OSC_PATTERN_ANY_NAME));
        if (osc_pattern_match(match->pattern, match->address, &steps) != match->matches)
            fail_msg("%s on %s is not %d", match->pattern, match->address, match->matches);
    }
}

static void assert_complaint(const char *text, unsigned rules, const char *complaint)
{
    const char *got = osc_pattern_complaint(text, rules);

    if (!got)
        fail_msg("nothing was wrong with %s", text);
    assert_string_equal(got, complaint);
}

static void test_complaints(void **state)
{
    assert_complaint("", OSC_PATTERN_WILDCARDS, "it must begin with a slash");
    assert_complaint("a/b", OSC_PATTERN_WILDCARDS, "it must begin with a slash");
    assert_complaint("/a b", OSC_PATTERN_WILDCARDS, "a space is not allowed, except in quotes");
    assert_complaint("/a#", OSC_PATTERN_WILDCARDS, "a # is not allowed, except in quotes");
    assert_complaint("/a,b", OSC_PATTERN_WILDCARDS,
                     "a comma is not allowed, except between { and } or in quotes");
    assert_complaint("/a\tb", OSC_PATTERN_WILDCARDS, "a control character is not allowed");
    assert_complaint("/\xc3\xa4", OSC_PATTERN_WILDCARDS, "only ASCII is allowed, except in quotes");
    assert_complaint("/a]", OSC_PATTERN_WILDCARDS, "a closing bracket has no opening one");
    assert_complaint("/a}", OSC_PATTERN_WILDCARDS, "a closing bracket has no opening one");
    assert_complaint("/[ab", OSC_PATTERN_WILDCARDS, "a [ is never closed");
    assert_complaint("/[a/b]", OSC_PATTERN_WILDCARDS, "a character is not allowed between [ and ]");
    assert_complaint("/[]", OSC_PATTERN_WILDCARDS, "nothing stands between [ and ]");
    assert_complaint("/[!]", OSC_PATTERN_WILDCARDS, "nothing stands between [ and ]");
    assert_complaint("/{ab", OSC_PATTERN_WILDCARDS, "a { is never closed");
    assert_complaint("/{a/b}", OSC_PATTERN_WILDCARDS, "a character is not allowed between { and }");
    assert_complaint("/{a*}", OSC_PATTERN_WILDCARDS, "a character is not allowed between { and }");
    assert_complaint("/{a{b}}", OSC_PATTERN_WILDCARDS, "a character is not allowed between { and }");
    assert_complaint("/{}", OSC_PATTERN_WILDCARDS, "nothing stands between { and }");
}

static void test_names_that_osc_forbids(void **state)
{
    const unsigned any = OSC_PATTERN_ANY_NAME;

    assert_null(osc_pattern_complaint("/my fader, #1/\xc3\xa4", any));
    assert_null(osc_pattern_complaint("/{my fader,\xc3\xa4}/[# ]", any | OSC_PATTERN_WILDCARDS));
    assert_complaint("/a\tb", any, "a control character is not allowed");
    assert_complaint("/a*", any, "wildcards are not allowed here");
    assert_complaint("/[\xc3\xa4]", any | OSC_PATTERN_WILDCARDS,
                     "a character is not allowed between [ and ]");
}

static void test_addresses_have_no_wildcards(void **state)
{
    assert_null(osc_pattern_complaint("/1/fader1", OSC_PATTERN_ADDRESS));
    assert_complaint("/1/fader*", OSC_PATTERN_ADDRESS, "wildcards are not allowed here");
    assert_complaint("/1/fader[1]", OSC_PATTERN_ADDRESS, "wildcards are not allowed here");
    assert_complaint("/1/fader{1}", OSC_PATTERN_ADDRESS, "wildcards are not allowed here");
    assert_false(osc_pattern_has_wildcard("/1/fader1:0"));
    assert_true(osc_pattern_has_wildcard("/1/fade?"));
    assert_true(osc_pattern_has_wildcard("/1/}"));
}

static void test_length_has_a_limit(void **state)
{
    char text[OSC_PATTERN_MAX_BYTES + 1];
    size_t steps = 0;

    memset(text, '/', sizeof(text));
    text[OSC_PATTERN_MAX_BYTES - 1] = '\0';
    assert_null(osc_pattern_complaint(text, OSC_PATTERN_ADDRESS));
    assert_true(osc_pattern_match(text, text, &steps));
    text[OSC_PATTERN_MAX_BYTES - 1] = '/';
    text[OSC_PATTERN_MAX_BYTES] = '\0';
    assert_complaint(text, OSC_PATTERN_ADDRESS, "it is longer than 1023 characters");
}

/* A matcher that tries all possibilities would need longer than the age of the universe. */
static void test_no_pattern_takes_long(void **state)
{
    char pattern[OSC_PATTERN_MAX_BYTES] = "/";
    char address[OSC_PATTERN_MAX_BYTES] = "/";
    size_t steps = 0;

    while (strlen(pattern) + 8 < sizeof(pattern))
        strcat(pattern, "*{a,aa}");
    memset(address + 1, 'a', sizeof(address) - 2);
    strcat(pattern, "b");
    assert_null(osc_pattern_complaint(pattern, OSC_PATTERN_WILDCARDS));
    assert_false(osc_pattern_match(pattern, address, &steps));
    address[sizeof(address) - 2] = 'b';
    assert_true(osc_pattern_match(pattern, address, &steps));
    assert_in_range(steps, 2 * 500 * 500, 2 * sizeof(pattern) * sizeof(address));
}

/* The parts between slashes are compared in order, and the first that differs ends it. */
static void test_what_differs_early_costs_little(void **state)
{
    size_t steps = 0;

    assert_false(
        osc_pattern_match("/2/{c,c,c,c,c,c,c,c,c,c,c,c}*/*/*zz", "/1/channelstrip/fader/motor", &steps));
    assert_in_range(steps, 1, 4);
    steps = 0;
    assert_true(osc_pattern_match("/1/fader*", "/1/fader1000000000000000000000000", &steps));
    assert_in_range(steps, 1, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_complaints),
        cmocka_unit_test(test_names_that_osc_forbids),
        cmocka_unit_test(test_addresses_have_no_wildcards),
        cmocka_unit_test(test_length_has_a_limit),
        cmocka_unit_test(test_no_pattern_takes_long),
        cmocka_unit_test(test_what_differs_early_costs_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
