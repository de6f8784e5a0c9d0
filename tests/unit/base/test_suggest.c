/* SPDX-License-Identifier: BSD-2-Clause */
/* Which words are similar enough for "did you mean". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/base/suggest.h"

/* Returns the hint for `word`, given `names` that end with a NULL; NULL if there is none. */
static const char *hint_for(const char *word, const char *const *names)
{
    static char text[128];
    struct suggest suggest;

    suggest_init(&suggest, word);
    while (*names)
        suggest_offer(&suggest, *names++);
    return suggest_hint(&suggest, text, sizeof(text));
}

#define assert_near(word, name)                                                                              \
    assert_string_equal(hint_for(word, (const char *const[]){name, NULL}), "did you mean \"" name "\"?")
#define assert_far(word, name) assert_null(hint_for(word, (const char *const[]){name, NULL}))

static size_t distance_of(const char *word, const char *name)
{
    struct suggest suggest;

    suggest_init(&suggest, word);
    suggest_offer(&suggest, name);
    assert_non_null(suggest.best);
    return suggest.distance;
}

static void test_nothing_offered(void **state)
{
    struct suggest suggest;
    char text[8] = "x";

    suggest_init(&suggest, "word");
    assert_null(suggest.best);
    assert_null(suggest_hint(&suggest, text, sizeof(text)));
    assert_string_equal(text, "x");
}

static void test_each_edit_counts_one(void **state)
{
    assert_int_equal(distance_of("module", "module"), 0);
    assert_int_equal(distance_of("modul", "module"), 1);
    assert_int_equal(distance_of("moodule", "module"), 1);
    assert_int_equal(distance_of("mobule", "module"), 1);
    assert_int_equal(distance_of("mdoule", "module"), 1);
    assert_int_equal(distance_of("omdule", "module"), 1);
    assert_int_equal(distance_of("omduel", "module"), 2);
}

static void test_threshold_is_a_third_of_the_word(void **state)
{
    assert_near("abc", "abd");
    assert_far("abc", "ade");
    assert_far("abcde", "abxye");
    assert_near("abcdef", "abxyef");
    assert_far("abcdef", "abxyzf");
    assert_near("abcdefghi", "abxyzfghi");
}

static void test_threshold_is_at_least_one(void **state)
{
    assert_near("ab", "ac");
    assert_near("a", "ab");
}

static void test_threshold_is_at_most_three(void **state)
{
    assert_near("abcdefghijklmnopqrst", "abcdefghijklmnopqXYZ");
    assert_far("abcdefghijklmnopqrst", "abcdefghijklmnopWXYZ");
    assert_near("abcdefghijklmnopqrst", "abcdefghijklmnopq");
    assert_far("abcdefghijklmnopqrst", "Xbcdefghijklmnop");
}

static void test_a_word_that_was_cut_short(void **state)
{
    static const char *const names[] = {"cart", "certificate", "certain", NULL};
    static const char *const commands[] = {"start", "status", "state", NULL};
    static const char *const first[] = {"KEY_A", "KEY_APOSTROPHE", NULL};
    static const char *const last[] = {"KEY_APOSTROPHE", "KEY_A", NULL};

    assert_near("cert", "certificate");
    assert_near("PASS", "password");
    assert_far("pa", "password");
    assert_far("certx", "certificate");
    assert_string_equal(hint_for("cert", names), "did you mean \"certificate\"?");
    assert_string_equal(hint_for("stat", commands), "did you mean \"status\"?");
    assert_string_equal(hint_for("key_a", first), "did you mean \"KEY_A\"?");
    assert_string_equal(hint_for("key_a", last), "did you mean \"KEY_A\"?");
    assert_string_equal(hint_for("sta", commands), "did you mean \"start\"?");
}

static void test_a_word_that_is_too_long(void **state)
{
    static const char *const names[] = {"map", "maping", NULL};

    assert_near("mapping", "map");
    assert_far("mapping", "ma");
    assert_string_equal(hint_for("mapping", names), "did you mean \"maping\"?");
}

static void test_words_without_anything_in_common(void **state)
{
    assert_far("a", "b");
    assert_far("", "b");
    assert_far("", "");
}

static void test_case_does_not_count(void **state)
{
    assert_int_equal(distance_of("MODULE", "module"), 0);
    assert_int_equal(distance_of("Mdoule", "MODULE"), 1);
    assert_near("X", "x");
}

static void test_nearest_wins(void **state)
{
    const char *const names[] = {"abcdxx", "abcdex", "abcxxx", NULL};

    assert_string_equal(hint_for("abcdef", names), "did you mean \"abcdex\"?");
}

static void test_ties_keep_the_first(void **state)
{
    const char *const names[] = {"abcx", "abcy", "abcz", NULL};

    assert_string_equal(hint_for("abcd", names), "did you mean \"abcx\"?");
}

static void test_quotes_of_a_name_are_seen(void **state)
{
    const char *const names[] = {"\"/my fader\"", NULL};

    assert_string_equal(hint_for("/my fader", names), "did you mean '\"/my fader\"'?");
}

static void test_long_words_are_never_near(void **state)
{
    char longest[65];
    char longer[66];

    memset(longest, 'a', 64);
    longest[64] = '\0';
    memset(longer, 'a', 65);
    longer[65] = '\0';
    assert_int_equal(distance_of(longest, longest), 0);
    assert_null(hint_for(longer, (const char *const[]){longer, longest, NULL}));
    assert_null(hint_for(longest, (const char *const[]){longer, NULL}));
}

static void test_hint_is_cut_to_the_room(void **state)
{
    struct suggest suggest;
    char text[15];

    suggest_init(&suggest, "module");
    suggest_offer(&suggest, "module");
    assert_string_equal(suggest_hint(&suggest, text, sizeof(text)), "did you mean \"");
}

/* What 10,000 names cost that differ from the word at both ends, which are more than are looked at. */
static void test_a_search_has_a_limit(void **state)
{
    struct suggest suggest;
    char word[65], name[65];

    memset(word, 'a', 64);
    word[64] = '\0';
    memcpy(name, word, sizeof(name));
    name[0] = name[1] = 'b';
    name[62] = name[63] = 'b';
    suggest_init(&suggest, word);
    suggest_offer(&suggest, name);
    assert_in_range(SUGGEST_BUDGET - suggest.left, 60, 64 * 7 + 64);
    for (unsigned n = 0; n < 10000; n++)
        suggest_offer(&suggest, name);
    assert_int_equal(suggest.left, 0);
    suggest_offer(&suggest, word);
    assert_null(suggest.best);
}

/* Only what can be near costs more than a look: as long, and with another beginning and end. */
static void test_what_cannot_be_near_costs_little(void **state)
{
    struct suggest suggest;
    static char names[1000][80];

    suggest_init(&suggest, "/surface/page1/channelstrip/fader/motor/position/value9999");
    suggest_offer(&suggest, "/fader1");
    assert_int_equal(suggest.left, SUGGEST_BUDGET - 1);
    for (unsigned n = 0; n < 1000; n++) {
        snprintf(names[n], sizeof(names[n]), "/surface/page1/channelstrip/fader/motor/position/value%u", n);
        suggest_offer(&suggest, names[n]);
    }
    assert_in_range(suggest.left, 1, SUGGEST_BUDGET - 1000);
    assert_ptr_equal(suggest.best, names[999]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_offered),
        cmocka_unit_test(test_each_edit_counts_one),
        cmocka_unit_test(test_threshold_is_a_third_of_the_word),
        cmocka_unit_test(test_threshold_is_at_least_one),
        cmocka_unit_test(test_threshold_is_at_most_three),
        cmocka_unit_test(test_a_word_that_was_cut_short),
        cmocka_unit_test(test_a_word_that_is_too_long),
        cmocka_unit_test(test_words_without_anything_in_common),
        cmocka_unit_test(test_case_does_not_count),
        cmocka_unit_test(test_nearest_wins),
        cmocka_unit_test(test_ties_keep_the_first),
        cmocka_unit_test(test_quotes_of_a_name_are_seen),
        cmocka_unit_test(test_long_words_are_never_near),
        cmocka_unit_test(test_hint_is_cut_to_the_room),
        cmocka_unit_test(test_a_search_has_a_limit),
        cmocka_unit_test(test_what_cannot_be_near_costs_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
