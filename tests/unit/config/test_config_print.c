/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings as text, compared byte by byte. */
#include "broker/config/print.h"
#include "tests/unit/config_fixture.h"

/* Asserts that exactly `expected` is printed. */
static void assert_printed(const struct config *config, bool colour, const char *expected)
{
    char *text = NULL;
    size_t n_bytes;
    FILE *out = open_memstream(&text, &n_bytes);

    assert_non_null(out);
    config_print_diagnostics(config, out, colour);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void test_nothing_to_print(void **state)
{
    assert_printed(load_sound(state, "[osc x]\n"), false, "");
}

static void test_many_errors_in_two_files(void **state)
{
    const struct config_override overrides[] = {{false, "foo"}, {false, "tuoch.a=1"}};

    write_text("part.cfg", "[osc touch]\n  oops\n");
    write_text("show.cfg", "[include part.cfg]\n"
                           "[python p.q]\n"
                           "module = x\n"
                           "[map]\n"
                           "\ttuoch.a > touch.{1..}\n"
                           "touch.{1..5} > touch.{1..3}\n"
                           "module = x\r\n"
                           "[include gone.cfg]\n");
    assert_printed(
        load_overridden(state, "show.cfg", overrides, 2), false,
        "command line: error: -i foo: expected INSTANCE.OPTION=VALUE\n"
        "command line: error: -i tuoch.a=1: unknown instance \"tuoch\"\n"
        "  note: did you mean \"touch\"?\n"
        "show.cfg:2:10: error: an instance's name cannot contain a dot\n"
        "  [python p.q]\n"
        "           ^\n"
        "show.cfg:5:2: error: unknown instance \"tuoch\"\n"
        "          tuoch.a > touch.{1..}\n"
        "          ^\n"
        "  note: did you mean \"touch\"?\n"
        "show.cfg:5:18: error: \"{1..}\" is not a range of whole numbers such as {1..5}\n"
        "          tuoch.a > touch.{1..}\n"
        "                          ^\n"
        "show.cfg:6:22: error: the left side stands for 5 channels and the right side for 3\n"
        "  touch.{1..5} > touch.{1..3}\n"
        "                       ^\n"
        "  note: both sides must stand for the same number of channels, or one of them for a single one\n"
        "show.cfg:7:1: error: expected a mapping, which has \">\", \"<\" or \"<>\"\n"
        "  module = x\n"
        "  ^\n"
        "  note: options belong below a header such as [BACKEND INSTANCE]; a mapping has \">\", "
        "\"<\" or \"<>\"\n"
        "show.cfg:8:10: error: cannot read \"gone.cfg\": No such file or directory\n"
        "  [include gone.cfg]\n"
        "           ^\n"
        "part.cfg:2:3: error: expected an option: NAME = VALUE\n"
        "    oops\n"
        "    ^\n");
}

static void test_unreadable_file(void **state)
{
    assert_printed(load_path(state, "gone.cfg"), false,
                   "gone.cfg: error: cannot read \"gone.cfg\": No such file or directory\n");
}

static void test_warnings_and_errors_in_colour(void **state)
{
    struct config *config = load_sound(state, "[osc x]\n");

    config_diagnose(config, CONFIG_ERROR, config->sections[0].instance_at, "hint", "second");
    config_diagnose(config, CONFIG_WARNING, config->sections[0].at, NULL, "first");
    assert_printed(config, false,
                   "show.cfg:1:2: warning: first\n"
                   "  [osc x]\n"
                   "   ^\n"
                   "show.cfg:1:6: error: second\n"
                   "  [osc x]\n"
                   "       ^\n"
                   "  note: hint\n");
    assert_printed(config, true,
                   "\033[1mshow.cfg:1:2:\033[0m \033[1;35mwarning:\033[0m first\n"
                   "  [osc x]\n"
                   "   \033[1;32m^\033[0m\n"
                   "\033[1mshow.cfg:1:6:\033[0m \033[1;31merror:\033[0m second\n"
                   "  [osc x]\n"
                   "       \033[1;32m^\033[0m\n"
                   "  \033[1;36mnote:\033[0m hint\n");
}

static void test_same_place_keeps_the_order_of_finding(void **state)
{
    struct config *config = load_sound(state, "[osc x]\n");

    for (char name[] = "a"; *name <= 'c'; ++*name)
        config_diagnose(config, CONFIG_WARNING, (struct config_location){"elsewhere", 1, 1}, NULL, "%s",
                        name);
    assert_printed(config, false,
                   "elsewhere:1:1: warning: a\nelsewhere:1:1: warning: b\nelsewhere:1:1: warning: c\n");
}

static void test_left_out_comes_last(void **state)
{
    struct config *config = load_sound(state, "[osc x]\n");
    char *text = NULL;
    size_t n_bytes;
    FILE *out = open_memstream(&text, &n_bytes);

    for (int i = 0; i <= CONFIG_MAX_DIAGNOSTICS; i++)
        config_diagnose(config, CONFIG_ERROR, config->sections[0].at, NULL, "e");
    config_print_diagnostics(config, out, false);
    fclose(out);
    assert_string_equal(text + n_bytes - strlen("   ^\nshow.cfg: error: further errors are not shown\n"),
                        "   ^\nshow.cfg: error: further errors are not shown\n");
    free(text);
}

static void test_terminal_escapes_are_harmless(void **state)
{
    struct config *config;

    /* an escape sequence, DEL, the one-byte and the two-byte form of another, a change of direction */
    write_text("show.cfg", "[osc x]\n\033]0;t\007 \x7f \x9b \xc2\x9b \xe2\x80\xae oops\n");
    config = load_path(state, "show.cfg");
    config_diagnose(config, CONFIG_ERROR, (struct config_location){"f\033.cfg", 3, 1}, "h\ni", "m\rn");
    assert_printed(config, false,
                   "show.cfg:2:2: error: expected an option: NAME = VALUE\n"
                   "  \\x1b]0;t\\x07 \\x7f \\x9b \\x9b \\u202e oops\n"
                   "      ^\n"
                   "f\\x1b.cfg:3:1: error: m\\x0dn\n"
                   "  note: h\\x0ai\n");
}

/* Prints an error at byte `column` of the one line `line`. */
static void assert_line_printed(void **state, const char *line, uint32_t column, const char *expected)
{
    struct config *config;

    write_text("show.cfg", "[osc x]\n;");
    config = load_path(state, "show.cfg");
    config_diagnose(config, CONFIG_ERROR, (struct config_location){"f", 1, column}, NULL, "m");
    /* in place of a line of the file, even one that the parser would not keep */
    config->diagnostics[0].source = strdup(line);
    assert_printed(config, false, expected);
}

static void test_caret_stands_below_the_character(void **state)
{
    assert_line_printed(state, "a\tb", 3, "f:1:3: error: m\n  a       b\n          ^\n");
    assert_line_printed(state, "\xc3\xa9\xe2\x82\xacx", 6,
                        "f:1:6: error: m\n  \xc3\xa9\xe2\x82\xacx\n    ^\n");
    assert_line_printed(state, "\033x", 2, "f:1:2: error: m\n  \\x1bx\n      ^\n");
    assert_line_printed(state, "\xf0\x9f\x8e\xadx", 5, "f:1:5: error: m\n  \xf0\x9f\x8e\xadx\n   ^\n");
    /* just after the line, and far after it */
    assert_line_printed(state, "ab", 3, "f:1:3: error: m\n  ab\n    ^\n");
    assert_line_printed(state, "ab", 9, "f:1:9: error: m\n  ab\n    ^\n");
    assert_line_printed(state, "", 1, "f:1:1: error: m\n  \n  ^\n");
}

static void test_invalid_utf8(void **state)
{
    assert_line_printed(state, "\xc3(\xe2\x82(\xc0\xaf\xed\xa0\x80\xf5\xff\xe2", 1,
                        "f:1:1: error: m\n"
                        "  \\xc3(\\xe2\\x82(\\xc0\\xaf\\xed\\xa0\\x80\\xf5\\xff\\xe2\n"
                        "  ^\n");
}

#define TEN(x) x x x x x x x x x x

static void test_long_lines_are_windowed(void **state)
{
    const char *line = TEN("abcdefghij") TEN("ABCDEFGHIJ") TEN("0123456789");

    assert_line_printed(state, line, 1, "f:1:1: error: m\n  " TEN("abcdefghij") "...\n  ^\n");
    assert_line_printed(state, line, 161,
                        "f:1:161: error: m\n"
                        "  ..." TEN("ABCDEFGHIJ") "...\n"
                                                  "     " TEN("      ") "^\n");
    assert_line_printed(state, line, 301,
                        "f:1:301: error: m\n"
                        "  ..." TEN("0123456789") "\n"
                                                  "     " TEN("          ") "^\n");
    /* exactly as long as is shown */
    assert_line_printed(state, TEN("abcdefghij"), 100,
                        "f:1:100: error: m\n"
                        "  " TEN("abcdefghij") "\n"
                                               "  " TEN("         ") "         ^\n");
}

/* 80 letters of two bytes, in a window that would begin and end within letters. */
static void test_window_does_not_cut_characters(void **state)
{
    const char *letters = TEN("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
    char expected[400];

    snprintf(expected, sizeof(expected), "f:1:70: error: m\n  ...%.*s...\n     %30s^\n", 102, letters, "");
    assert_line_printed(state, letters, 70, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        config_test(test_nothing_to_print),
        config_test(test_many_errors_in_two_files),
        config_test(test_unreadable_file),
        config_test(test_warnings_and_errors_in_colour),
        config_test(test_same_place_keeps_the_order_of_finding),
        config_test(test_left_out_comes_last),
        config_test(test_terminal_escapes_are_harmless),
        config_test(test_caret_stands_below_the_character),
        config_test(test_invalid_utf8),
        config_test(test_long_lines_are_windowed),
        config_test(test_window_does_not_cut_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
