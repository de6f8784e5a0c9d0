/* SPDX-License-Identifier: BSD-2-Clause */
/* What a worker writes becomes lines of the log: splitting, priorities, cutting, and a flood. */
#include "broker/base/log.h"
#include "broker/base/loop.h"
#include "broker/child/output.h"
#include "firecurtain/time.h"
#include "tests/unit/stderr_pipe.h"

#define MAX_LINE 2048 /* as OUTPUT_MAX_LINE */

struct rig {
    struct loop *loop;
    struct log_source lines;
    struct output *output;
    int write_end;
    struct timer stop;
    struct stderr_pipe caught;
};

static void stop(void *userdata)
{
    loop_stop(((struct rig *)userdata)->loop);
}

static int setup(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    unsetenv("JOURNAL_STREAM");
    stderr_pipe_begin(&rig->caught);
    log_init(FC_LOG_DEBUG);
    rig->stop = (struct timer){.fn = stop, .userdata = rig};
    assert_int_equal(loop_new(&rig->loop), 0);
    log_source_init(&rig->lines, "py", 100);
    assert_int_equal(output_new(&rig->output, rig->loop, &rig->lines, FC_LOG_INFO, &rig->write_end), 0);
    assert_true(fcntl(rig->write_end, F_GETFD) & FD_CLOEXEC);
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    close(rig->write_end);
    assert_null(output_free(rig->output));
    assert_null(output_free(NULL));
    log_source_end(&rig->lines);
    loop_free(rig->loop);
    stderr_pipe_end(&rig->caught);
    free(rig);
    return 0;
}

static void run_for(struct rig *rig, uint64_t ms)
{
    loop_set_timer(rig->loop, &rig->stop, fc_now_ns() + ms * FC_NS_PER_MS);
    assert_int_equal(loop_run(rig->loop), 0);
    loop_cancel_timer(rig->loop, &rig->stop);
}

static void put(struct rig *rig, const char *bytes, size_t n)
{
    assert_int_equal(write(rig->write_end, bytes, n), n);
}

/* One turn of the loop reads what was written: the timer is due at once. */
static const char *logged_after(struct rig *rig, const char *bytes, size_t n)
{
    put(rig, bytes, n);
    run_for(rig, 0);
    return stderr_pipe_take(&rig->caught);
}

#define AFTER(rig, literal) logged_after(rig, literal, sizeof(literal) - 1)

/* Compares the lines in the order in which they were logged, without their times. */
static void assert_lines(const char *text, const char *const *expected, size_t n)
{
    assert_int_equal(count_of(text, "\n"), n);
    for (size_t i = 0; i < n; i++) {
        assert_logged(text, expected[i]);
        text = strchr(text, '\n') + 1;
    }
}

static void test_lines(void **state)
{
    const char *const expected[] = {"info py one", "info py ", "info py two"};

    assert_lines(AFTER(*state, "one\n\ntwo\n"), expected, 3);
}

static void test_a_line_in_parts(void **state)
{
    assert_string_equal(AFTER(*state, "on"), "");
    assert_string_equal(AFTER(*state, "e"), "");
    assert_logged(AFTER(*state, " line\nrest"), "info py one line");
    assert_logged(AFTER(*state, "\n"), "info py rest");
}

static void test_a_part_of_a_line_at_the_end(void **state)
{
    struct rig *rig = *state;

    assert_string_equal(AFTER(rig, "last words"), "");
    put(rig, "!", 1); /* not even read yet */
    rig->output = output_free(rig->output);
    assert_logged(stderr_pipe_take(&rig->caught), "info py last words!");
}

static void test_priorities(void **state)
{
    const char *const expected[] = {"error py a",   "error py b",   "error py c", "error py d",
                                    "warning py e", "info py f",    "info py g",  "debug py h",
                                    "info py <8>i", "info py <>j",  "info py <1", "info py  <3>k",
                                    "error py ",    "error py <4>l"};

    assert_lines(
        AFTER(*state, "<0>a\n<1>b\n<2>c\n<3>d\n<4>e\n<5>f\n<6>g\n<7>h\n<8>i\n<>j\n<1\n <3>k\n<3>\n<3><4>l\n"),
        expected, 14);
}

static void test_what_is_harmful_is_escaped(void **state)
{
    assert_logged(AFTER(*state, "\x1b[31m\0\xff\n"), "info py \\x1b[31m\\x00\\xff");
}

static void test_long_lines_are_cut(void **state)
{
    struct rig *rig = *state;
    char line[3 * MAX_LINE], expected[MAX_LINE + 64];
    const char *text;

    memset(line, 'x', sizeof(line));
    memcpy(line, "<3>", 3);
    line[sizeof(line) - 1] = '\n';
    snprintf(expected, sizeof(expected), "error py %.*s … (cut)", MAX_LINE - 3, line + 3);
    assert_logged(logged_after(rig, line, sizeof(line)), expected);
    assert_logged(AFTER(rig, "next\n"), "info py next");
    /* one that just fits */
    line[MAX_LINE] = '\n';
    snprintf(expected, sizeof(expected), "error py %.*s", MAX_LINE - 3, line + 3);
    text = logged_after(rig, line, MAX_LINE + 1);
    assert_logged(text, expected);
    assert_int_equal(count_of(text, "\n"), 1);
}

static void test_a_long_line_with_a_nul_is_cut_at_its_end(void **state)
{
    char line[2 * MAX_LINE];
    const char *text;

    memset(line, 'x', sizeof(line));
    line[10] = '\0';
    line[sizeof(line) - 1] = '\n';
    text = logged_after(*state, line, sizeof(line));
    assert_int_equal(count_of(text, "\n"), 1);
    assert_non_null(strstr(text, "info py xxxxxxxxxx\\x00xxxxx"));
    assert_non_null(strstr(text, "x … (cut)\n"));
}

static void put_lines(struct rig *rig, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put(rig, i % 2 ? "flood 1\n" : "flood 2\n", 8); /* one line again and again would only be counted */
        if (i % 1000 == 999)
            run_for(rig, 0);
    }
    run_for(rig, 0);
}

/* Adds up how many lines were left out, by the warnings in `text`. */
static unsigned long long count_left_out(const char *text)
{
    unsigned long long sum = 0, n;

    for (; (text = strstr(text, "warning py ")); text++) {
        assert_int_equal(sscanf(text, "warning py %llu lines were left out here (more than 100 a second)\n",
                                &n),
                         1);
        sum += n;
    }
    return sum;
}

/* Ten seconds' worth of lines at once, less an eighth for the broker; then 100 a second. The rest is counted,
 * and logged once it is quiet. */
static void test_a_flood_is_limited_and_counted(void **state)
{
    struct rig *rig = *state;
    uint64_t began_ns = fc_now_ns();
    unsigned long long left_out;
    const char *text;
    size_t n, most;

    put_lines(rig, 5000);
    most = 875 + (fc_now_ns() - began_ns) * 100 / FC_NS_PER_S + 1;
    text = stderr_pipe_take(&rig->caught);
    n = count_of(text, "info py flood ");
    left_out = count_left_out(text);
    assert_true(n >= 875 && n <= most);
    run_for(rig, 1500);
    text = stderr_pipe_take(&rig->caught);
    assert_int_equal(n + left_out + count_left_out(text), 5000);
    assert_true(count_left_out(text) > 0);
    assert_int_equal(count_of(text, "\n"), 1);
    assert_logged(AFTER(rig, "calm\n"), "info py calm");
}

static void test_what_was_left_out_is_told_at_the_end(void **state)
{
    struct rig *rig = *state;
    size_t n;
    const char *text;

    put_lines(rig, 3000);
    rig->output = output_free(rig->output);
    text = stderr_pipe_take(&rig->caught);
    n = count_of(text, "info py flood ");
    assert_int_equal(n + count_left_out(text), 3000);
}

#define TRACEBACK                                                                                            \
    "Traceback (most recent call last):\n  File \"/show/x.py\", line 2, in f\n    g()\nValueError: no\n"
#define INTO "\nDuring handling of the above exception, another exception occurred:\n\n"

/* Others do not come between the lines of a traceback, however Python writes it. */
static void test_a_traceback_stays_together(void **state)
{
    struct rig *rig = *state;
    const char whole[] = TRACEBACK INTO TRACEBACK "after\n";
    const char *const expected[] = {"info py Traceback (most recent call last):",
                                    "info py   File \"/show/x.py\", line 2, in f", "info py     g()",
                                    "info py ValueError: no"};

    assert_lines(AFTER(rig, "before\n"), (const char *const[]){"info py before"}, 1);
    for (size_t i = 0; TRACEBACK[i]; i++) {
        const char *text = logged_after(rig, &TRACEBACK[i], 1);

        if (TRACEBACK[i + 1])
            assert_string_equal(text, "");
        else
            assert_lines(text, expected, 4);
    }
    assert_string_equal(AFTER(rig, "another exception occurred:\n"), "");
    assert_int_equal(count_of(AFTER(rig, TRACEBACK), "\n"), 5);
    assert_int_equal(count_of(logged_after(rig, whole, sizeof(whole) - 1), "\n"), 12);
}

static void test_a_traceback_without_an_end_does_not_wait_for_ever(void **state)
{
    struct rig *rig = *state;

    assert_string_equal(AFTER(rig, "Traceback (most recent call last):\n  File"), "");
    run_for(rig, 300);
    assert_logged(stderr_pipe_take(&rig->caught), "info py Traceback (most recent call last):");
    assert_string_equal(AFTER(rig, " x\nTraceback (most recent call last):\n"), "");
    output_drain(rig->output);
    assert_lines(stderr_pipe_take(&rig->caught),
                 (const char *const[]){"info py   File x", "info py Traceback (most recent call last):"}, 2);
    assert_string_equal(AFTER(rig, "Traceback (most recent call last):\n"), "");
}

/* Whether a traceback stays together whose rest comes 100 ms later, and 250 ms after another one began. */
static bool stays_together_behind_another(struct rig *rig)
{
    const char *text;

    AFTER(rig, "Traceback (most recent call last):\n");
    run_for(rig, 150);
    AFTER(rig, "  File\nValueError: no\n");
    AFTER(rig, "Traceback (most recent call last):\n");
    run_for(rig, 100);
    text = stderr_pipe_take(&rig->caught);
    return count_of(text, "\n") == 0 && count_of(AFTER(rig, "  File\nOSError: no\n"), "\n") == 3;
}

static void test_the_wait_for_a_rest_begins_anew(void **state)
{
    struct rig *rig = *state;
    bool is_whole = false;

    for (int i = 0; i < 20 && !is_whole; i++) /* a busy machine may be late now and then */
        is_whole = stays_together_behind_another(rig);
    assert_true(is_whole);
}

/* What the worker says together, and tracebacks, are recognised as a whole. */
static void test_a_traceback_that_comes_again_is_counted(void **state)
{
    struct rig *rig = *state;
    const char *text;

    for (int i = 0; i < 5; i++)
        put(rig, "<3>exception\n<3+>  in f\n<3+>ValueError: no\n", 43);
    for (int i = 0; i < 6; i++)
        put(rig, TRACEBACK, sizeof(TRACEBACK) - 1);
    text = AFTER(rig, "<7+>alone\n<3+\n<x+>y\n");
    assert_int_equal(count_of(text, "error py exception\n"), 1);
    assert_int_equal(count_of(text, "error py … repeated 4 times: ValueError: no\n"), 1);
    assert_int_equal(count_of(text, "info py ValueError: no\n"), 3);
    assert_int_equal(count_of(text, "info py … repeated 3 times: ValueError: no\n"), 1);
    assert_int_equal(count_of(text, "debug py alone\n"), 1);
    assert_int_equal(count_of(text, "info py <3+\n"), 1);
    assert_int_equal(count_of(text, "info py <x+>y\n"), 1);
}

static void test_a_traceback_has_a_limit(void **state)
{
    struct rig *rig = *state;
    char line[128];

    put(rig, "Traceback (most recent call last):\n", 35);
    memset(line, ' ', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    for (int i = 0; i < 200; i++)
        put(rig, line, sizeof(line));
    run_for(rig, 0);
    assert_in_range(count_of(stderr_pipe_take(&rig->caught), "\n"), 100, 199); /* the first 16 KiB */
    assert_in_range(count_of(AFTER(rig, "E\n"), "\n"), 2, 101);
}

/* When the writer is gone the source is removed, and the loop sleeps. */
static void test_the_writer_has_gone(void **state)
{
    struct rig *rig = *state;

    put(rig, "a\nb", 3);
    close(rig->write_end);
    rig->write_end = -1;
    run_for(rig, 20);
    assert_logged(stderr_pipe_take(&rig->caught), "info py a");
    rig->output = output_free(rig->output);
    assert_logged(stderr_pipe_take(&rig->caught), "info py b");
}

static void test_two_writers_to_one_pipe(void **state)
{
    struct rig *rig = *state;
    int other = dup(rig->write_end);

    close(rig->write_end);
    rig->write_end = other;
    run_for(rig, 10);
    assert_logged(AFTER(rig, "still\n"), "info py still");
}

int main(void)
{
#define output_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        output_test(test_lines),
        output_test(test_a_line_in_parts),
        output_test(test_a_part_of_a_line_at_the_end),
        output_test(test_priorities),
        output_test(test_what_is_harmful_is_escaped),
        output_test(test_long_lines_are_cut),
        output_test(test_a_long_line_with_a_nul_is_cut_at_its_end),
        output_test(test_a_flood_is_limited_and_counted),
        output_test(test_what_was_left_out_is_told_at_the_end),
        output_test(test_a_traceback_stays_together),
        output_test(test_a_traceback_without_an_end_does_not_wait_for_ever),
        output_test(test_the_wait_for_a_rest_begins_anew),
        output_test(test_a_traceback_that_comes_again_is_counted),
        output_test(test_a_traceback_has_a_limit),
        output_test(test_the_writer_has_gone),
        output_test(test_two_writers_to_one_pipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
