/* SPDX-License-Identifier: BSD-2-Clause */
/* The log on stderr: escaping, levels, lines that do not fit, and the arithmetic of the rate limiter. */
#include <sys/stat.h>

#include "broker/base/log.h"
#include "firecurtain/time.h"
#include "tests/unit/stderr_pipe.h"

static struct stderr_pipe caught;

static int setup(void **state)
{
    unsetenv("JOURNAL_STREAM");
    stderr_pipe_begin(&caught);
    log_init(FC_LOG_DEBUG);
    return 0;
}

static int teardown(void **state)
{
    stderr_pipe_end(&caught);
    return 0;
}

#define assert_escaped(bytes, expected)                                                                      \
    do {                                                                                                     \
        fc_log_text(FC_LOG_INFO, "i", bytes, sizeof(bytes) - 1);                                             \
        assert_logged(stderr_pipe_take(&caught), "info i " expected);                                        \
    } while (0)

static void test_plain_text_is_left_alone(void **state)
{
    assert_escaped("a ~!\"%s%n\\", "a ~!\"%s%n\\");
    assert_escaped("größer € 😀", "größer € 😀");
    assert_escaped("\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf",
                   "\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf");
    assert_escaped("", "");
}

static void test_lines_for_programs(void **state)
{
    static const char said[] = "a \"b\" \\ c\x1b\xff größer";
    static char much[8000];
    char *line, *end;
    enum log_format format;

    log_set_format(LOG_JSON);
    fc_log_text(FC_LOG_ERROR, "py\"1", said, sizeof(said) - 1);
    line = strdup(stderr_pipe_take(&caught));
    fc_log_text(FC_LOG_INFO, NULL, "x", 1);
    assert_non_null(strstr(stderr_pipe_take(&caught), "\"instance\": null, \"message\": \"x\"}\n"));
    memset(much, '"', sizeof(much));
    fc_log_text(FC_LOG_INFO, "py1", much, sizeof(much));
    end = strrchr(stderr_pipe_take(&caught), '}');
    log_set_format(LOG_TEXT);
    assert_true(strncmp(line, "{\"time\": \"20", 12) == 0);
    assert_string_equal(strchr(line, 'Z'), "Z\", \"level\": \"error\", \"instance\": \"py\\\"1\", "
                                           "\"message\": \"a \\\"b\\\" \\\\ c\\\\x1b\\\\xff größer\"}\n");
    assert_string_equal(end, "}\n");
    assert_memory_equal(end - 4, "…\"", 4); /* it is cut, and whole all the same */
    assert_true(log_parse_format("json", &format) && format == LOG_JSON);
    assert_true(log_parse_format("text", &format) && format == LOG_TEXT);
    assert_false(log_parse_format("xml", &format));
    free(line);
}

static void test_values_are_quoted(void **state)
{
    char out[64];

    assert_string_equal(log_value(out, sizeof(out), "py1.script.{1..4}"), "py1.script.{1..4}");
    assert_string_equal(log_value(out, sizeof(out), ""), "\"\"");
    assert_string_equal(log_value(out, sizeof(out), "a b"), "\"a b\"");
    assert_string_equal(log_value(out, sizeof(out), "x outcome=done"), "\"x outcome=done\"");
    assert_string_equal(log_value(out, sizeof(out), "a=b"), "\"a=b\"");
    assert_string_equal(log_value(out, sizeof(out), "\" \\"), "\"\\\" \\\\\"");
    assert_string_equal(log_value(out, sizeof(out), "a\nb"), "\"a\nb\"");
    assert_string_equal(log_value(out, sizeof(out), "größer"), "\"größer\"");
    /* a quote always ends it, however little room there is */
    for (size_t room = 8; room < 16; room++) {
        assert_string_not_equal(log_value(out, room, "\"\"\"\"\"\"\"\"\"\""), "");
        assert_in_range(strlen(out), 4, room - 1);
        assert_int_equal(out[strlen(out) - 1], '"');
        assert_int_equal(strlen(out) % 2, 0);
    }
}

static void test_control_characters(void **state)
{
    assert_escaped("\x1b[2J\a", "\\x1b[2J\\x07");
    assert_escaped("one\nerror two\r", "one\\x0aerror two\\x0d");
    assert_escaped("a\tb", "a b");
    assert_escaped("a\0b", "a\\x00b");
    assert_escaped("\x7f", "\\x7f");
}

static void test_c1_controls(void **state)
{
    assert_escaped("\xc2\x80 \xc2\x9b"
                   "2J \xc2\x9f",
                   "\\xc2\\x80 \\xc2\\x9b2J \\xc2\\x9f");
}

static void test_invalid_utf8(void **state)
{
    assert_escaped("\x80", "\\x80");
    assert_escaped("\xc3", "\\xc3");
    assert_escaped("\xc3z", "\\xc3z");
    assert_escaped("\xc0\xaf", "\\xc0\\xaf");
    assert_escaped("\xe0\x9f\xbf", "\\xe0\\x9f\\xbf");
    assert_escaped("\xe2\x82", "\\xe2\\x82");
    assert_escaped("\xed\xa0\x80", "\\xed\\xa0\\x80");
    assert_escaped("\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf");
    assert_escaped("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
    assert_escaped("\xff\xfe", "\\xff\\xfe");
}

/* U+2028 to U+202E and U+2066 to U+2069 reorder or break a line; their neighbours do not. */
static void test_direction_and_separators(void **state)
{
    assert_escaped("\xe2\x80\xa8\xe2\x80\xa9", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9");
    assert_escaped("\xe2\x80\xaa\xe2\x80\xae", "\\xe2\\x80\\xaa\\xe2\\x80\\xae");
    assert_escaped("\xe2\x81\xa6\xe2\x81\xa9", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9");
    assert_escaped("\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa",
                   "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa");
}

/* The marks of direction: Unicode's property Bidi_Control has them too (U+061C, U+200E, U+200F). */
static void test_marks_of_direction(void **state)
{
    assert_escaped("\xe2\x80\x8e\xe2\x80\x8f", "\\xe2\\x80\\x8e\\xe2\\x80\\x8f");
    assert_escaped("\xd8\x9c", "\\xd8\\x9c");
}

static void test_long_text_ends_with_a_mark(void **state)
{
    static char text[8000];
    const char *line;

    memset(text, 'x', sizeof(text));
    fc_log_text(FC_LOG_INFO, "i", text, sizeof(text));
    line = stderr_pipe_take(&caught);
    assert_true(caught.n > 3000 && caught.n <= 4096);
    assert_memory_equal(line + caught.n - 5, "x…\n", 5);
    memset(text, 1, sizeof(text));
    fc_log_text(FC_LOG_INFO, "i", text, sizeof(text));
    line = stderr_pipe_take(&caught);
    assert_true(caught.n > 3000 && caught.n <= 4096);
    assert_memory_equal(line + caught.n - 8, "\\x01…\n", 8);
}

/* In a configuration only the length of a line limits the name of an instance. */
static void test_long_instance_name(void **state)
{
    static char name[5000], text[8000];

    memset(name, 'n', sizeof(name) - 1);
    memset(text, 'x', sizeof(text));
    fc_log_text(FC_LOG_INFO, name, text, sizeof(text));
    stderr_pipe_take(&caught);
    assert_true(caught.n > 0 && caught.n <= 4096);
    assert_int_equal(caught.text[caught.n - 1], '\n');
}

/* A name comes from a file, and may contain what a text must not. */
static void test_instance_name_is_escaped(void **state)
{
    fc_log(FC_LOG_INFO,
           "a\xc2\x9b"
           "2J\xff",
           "text");
    assert_logged(stderr_pipe_take(&caught), "info a\\xc2\\x9b2J\\xff text");
}

static void test_formatting(void **state)
{
    fc_log(FC_LOG_ERROR, NULL, "%s is %d", "what\x1b", 7);
    assert_logged(stderr_pipe_take(&caught), "error - what\\x1b is 7");
    fc_log(FC_LOG_WARNING, "osc1", "%s", "w");
    assert_logged(stderr_pipe_take(&caught), "warning osc1 w");
}

static void test_the_time_has_its_form(void **state)
{
    unsigned year, month, day, hour, minute, second, ms;
    int end = 0;

    fc_log(FC_LOG_INFO, NULL, "x");
    assert_int_equal(sscanf(stderr_pipe_take(&caught), "%4u-%2u-%2uT%2u:%2u:%2u.%3u %n", &year, &month, &day,
                            &hour, &minute, &second, &ms, &end),
                     7);
    assert_int_equal(end, 24);
    assert_true(year >= 2023 && month >= 1 && month <= 12 && day >= 1 && day <= 31);
}

static void test_levels(void **state)
{
    static const char *const seen[] = {"E", "EW", "EWI", "EWID"};

    for (unsigned level = 0; level < 4; level++) {
        char letters[8] = "";
        const char *text;

        log_init((enum fc_log_level)level);
        fc_log(FC_LOG_ERROR, "i", "E");
        fc_log(FC_LOG_WARNING, "i", "W");
        fc_log_text(FC_LOG_INFO, "i", "I", 1);
        fc_log(FC_LOG_DEBUG, "i", "D");
        text = stderr_pipe_take(&caught);
        for (; (text = strchr(text, '\n')); text++)
            letters[strlen(letters)] = text[-1];
        assert_string_equal(letters, seen[level]);
    }
}

static void test_names_of_levels(void **state)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    enum fc_log_level level;

    for (unsigned i = 0; i < 4; i++) {
        assert_true(log_parse_level(names[i], &level));
        assert_int_equal(level, i);
    }
    assert_false(log_parse_level("", &level));
    assert_false(log_parse_level("Error", &level));
    assert_false(log_parse_level("warn", &level));
}

/* In the systemd journal: a priority, and no time. */
static void test_journal(void **state)
{
    struct stat st;
    char stream[64];

    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof(stream), "%lu:%lu", st.st_dev, st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_init(FC_LOG_DEBUG);
    fc_log(FC_LOG_ERROR, "i", "a");
    fc_log(FC_LOG_WARNING, NULL, "b");
    fc_log(FC_LOG_INFO, NULL, "c");
    fc_log(FC_LOG_DEBUG, NULL, "d");
    assert_string_equal(stderr_pipe_take(&caught), "<3>i a\n<4>- b\n<6>- c\n<7>- d\n");
    snprintf(stream, sizeof(stream), "%lu:%lu", st.st_dev, st.st_ino + 1);
    setenv("JOURNAL_STREAM", stream, 1);
    log_init(FC_LOG_DEBUG);
    fc_log(FC_LOG_ERROR, "i", "a");
    assert_logged(stderr_pipe_take(&caught), "error i a");
}

/* A full pipe neither blocks nor mixes lines; lost lines are reported as soon as there is room. */
static void test_a_reader_that_does_not_read(void **state)
{
    const char *text;

    assert_true(fcntl(caught.read_end, F_SETPIPE_SZ, 16384) >= 16384);
    for (int i = 0; i < 10000; i++)
        fc_log(FC_LOG_INFO, "i", "line");
    text = stderr_pipe_take(&caught);
    assert_true(count_of(text, "info i line\n") > 10);
    assert_int_equal(count_of(text, "\n"), count_of(text, "info i line\n"));
    fc_log(FC_LOG_INFO, "i", "again");
    text = strstr(stderr_pipe_take(&caught), "warning - ");
    assert_non_null(text);
    assert_true(atoi(text + strlen("warning - ")) > 1000);
    assert_non_null(strstr(text, "log lines were lost\n"));
    assert_non_null(strstr(text, "info i again\n"));
}

static unsigned take_all(struct log_limit *limit, uint64_t now_ns)
{
    unsigned n = 0;

    while (n < 10000 && log_limit_take(limit, now_ns))
        n++;
    return n;
}

static void test_rate_limit(void **state)
{
    struct log_limit limit;
    uint64_t t = 5 * FC_NS_PER_S;

    log_limit_init(&limit, 10, 4);
    assert_int_equal(take_all(&limit, t), 10);
    assert_int_equal(limit.left_out, 1);
    assert_false(log_limit_take(&limit, t + 249999999));
    assert_true(log_limit_take(&limit, t + 250000000));
    assert_false(log_limit_take(&limit, t + 250000001));
    assert_int_equal(limit.left_out, 3);
    assert_int_equal(take_all(&limit, t + 250000000 + FC_NS_PER_S), 4);
    assert_int_equal(take_all(&limit, t + 3600 * FC_NS_PER_S), 10); /* never more than the burst */
    assert_int_equal(limit.left_out, 5);
}

static void test_rate_limit_over_a_long_time(void **state)
{
    struct log_limit limit;
    unsigned n = 0;

    log_limit_init(&limit, 1000, 100);
    for (uint64_t ms = 1; ms <= 100000; ms++) /* 1000 lines a second, for 100 seconds */
        n += log_limit_take(&limit, ms * FC_NS_PER_MS);
    assert_true(n >= 1000 + 9999 && n <= 1000 + 10000);
    assert_int_equal(limit.left_out, 100000 - n);
}

int main(void)
{
#define log_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        log_test(test_plain_text_is_left_alone),
        log_test(test_lines_for_programs),
        log_test(test_values_are_quoted),
        log_test(test_control_characters),
        log_test(test_c1_controls),
        log_test(test_invalid_utf8),
        log_test(test_direction_and_separators),
        log_test(test_marks_of_direction),
        log_test(test_long_text_ends_with_a_mark),
        log_test(test_long_instance_name),
        log_test(test_instance_name_is_escaped),
        log_test(test_formatting),
        log_test(test_the_time_has_its_form),
        log_test(test_levels),
        log_test(test_names_of_levels),
        log_test(test_journal),
        log_test(test_a_reader_that_does_not_read),
        cmocka_unit_test(test_rate_limit),
        cmocka_unit_test(test_rate_limit_over_a_long_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
