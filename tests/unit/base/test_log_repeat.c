/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes again is counted: when, for how long, and what the count says. */
#include <string.h>

#include "broker/base/log.h"
#include "broker/base/log_repeat.h"
#include "broker/base/loop.h"
#include "firecurtain/time.h"
#include "tests/unit/stderr_pipe.h"

#define NOW UINT64_C(1000000000000)

static struct log_repeat repeat;

static int setup(void **state)
{
    log_repeat_forget(&repeat);
    return 0;
}

/* Says a line. Returns whether it is written. */
static bool says(enum fc_log_level level, const char *text, uint64_t now_ns)
{
    if (log_repeat_counts(&repeat, level, text, strlen(text), now_ns))
        return false;
    log_repeat_written(&repeat, level, text, strlen(text), now_ns);
    return true;
}

static const char *report(uint64_t now_ns)
{
    static char text[512];

    text[log_repeat_report(&repeat, text, sizeof(text) - 1, now_ns)] = '\0';
    return text;
}

static void test_the_first_is_written_and_the_others_are_counted(void **state)
{
    assert_true(says(FC_LOG_WARNING, "a", NOW));
    for (int i = 0; i < 5; i++)
        assert_false(says(FC_LOG_WARNING, "a", NOW + 1));
    assert_int_equal(repeat.n, 5);
    assert_int_equal(log_repeat_due_ns(&repeat), NOW + LOG_REPEAT_NS);
    assert_string_equal(report(NOW + 2), "… repeated 5 times: a");
    assert_false(says(FC_LOG_WARNING, "a", NOW + 3));
    assert_string_equal(report(NOW + 4), "… repeated once: a");
    assert_true(says(FC_LOG_WARNING, "b", NOW + 5));
    assert_true(says(FC_LOG_WARNING, "a", NOW + 6));
}

static void test_prints_are_written_a_few_times(void **state)
{
    uint64_t now_ns = NOW + LOG_REPEAT_NS;

    for (unsigned n = 0; n < LOG_REPEAT_FREE; n++)
        assert_true(says(FC_LOG_INFO, "a", NOW + n));
    assert_false(says(FC_LOG_INFO, "a", NOW + 9));
    assert_string_equal(report(now_ns), "… repeated once: a");
    assert_false(says(FC_LOG_INFO, "a", now_ns));
    report(now_ns);
    now_ns += 10 * LOG_REPEAT_NS; /* a calm */
    for (unsigned n = 0; n < LOG_REPEAT_FREE; n++)
        assert_true(says(FC_LOG_INFO, "a", now_ns));
    assert_false(says(FC_LOG_INFO, "a", now_ns));
}

static void test_other_texts_are_others(void **state)
{
    assert_true(says(FC_LOG_INFO, "ab", NOW));
    assert_true(says(FC_LOG_WARNING, "ab", NOW));
    assert_true(says(FC_LOG_WARNING, "a", NOW));
    assert_true(says(FC_LOG_WARNING, "abc", NOW));
    assert_true(says(FC_LOG_WARNING, "", NOW));
    assert_true(says(FC_LOG_WARNING, "", NOW)); /* blank lines are for the eye */
}

/* Somebody who presses a button and looks at the log sees each line. */
static void test_what_comes_again_slowly_is_written(void **state)
{
    for (uint64_t n = 0; n < 10; n++)
        assert_true(says(FC_LOG_INFO, "pressed", NOW + n * LOG_REPEAT_NS));
}

/* Something that goes wrong every second need not be said every second. */
static void test_errors_are_written_less_and_less_often(void **state)
{
    unsigned n_written = 0, n_counts = 0;

    for (uint64_t n = 0; n < 600; n++) {
        uint64_t now_ns = NOW + n * FC_NS_PER_S;

        if (repeat.n && log_repeat_due_ns(&repeat) <= now_ns) {
            report(now_ns);
            n_counts++;
        }
        n_written += says(FC_LOG_ERROR, "failed", now_ns);
    }
    assert_in_range(n_written, 1, 3);
    assert_in_range(n_counts, 10, 20);
    assert_int_equal(repeat.window_ns, LOG_REPEAT_MAX_BAD_NS);
}

static void test_counts_of_prints_come_every_ten_seconds(void **state)
{
    uint64_t now_ns = NOW;

    for (unsigned n = 0; n < LOG_REPEAT_FREE; n++)
        assert_true(says(FC_LOG_INFO, "a", now_ns));
    for (unsigned n = 0; n < 10; n++) {
        assert_false(says(FC_LOG_INFO, "a", now_ns + 1));
        now_ns = log_repeat_due_ns(&repeat);
        report(now_ns);
    }
    assert_int_equal(repeat.window_ns, LOG_REPEAT_MAX_NS);
    now_ns += LOG_REPEAT_MAX_NS; /* calm */
    assert_true(says(FC_LOG_INFO, "a", now_ns));
    assert_int_equal(repeat.window_ns, LOG_REPEAT_NS);
}

static void test_a_count_shows_the_last_line(void **state)
{
    static char many[LOG_REPEAT_BYTES + 2];

    assert_true(says(FC_LOG_ERROR, "Traceback:\n  line 1\nValueError: ö", NOW));
    assert_false(says(FC_LOG_ERROR, "Traceback:\n  line 1\nValueError: ö", NOW));
    assert_string_equal(report(NOW), "… repeated once: ValueError: ö");
    memset(many, 'x', sizeof(many) - 1);
    assert_true(says(FC_LOG_ERROR, many, NOW));
    assert_true(says(FC_LOG_ERROR, many, NOW)); /* too long */
    many[300] = '\0';
    assert_true(says(FC_LOG_ERROR, many, NOW));
    assert_false(says(FC_LOG_ERROR, many, NOW));
    assert_int_equal(strlen(report(NOW)), strlen("… repeated once: ") + 200);
    many[299] = many[201] = many[199] = '\xc3';
    assert_true(says(FC_LOG_ERROR, many, NOW));
    many[200] = '\xb6';
    assert_true(says(FC_LOG_ERROR, many, NOW));
    assert_false(says(FC_LOG_ERROR, many, NOW));
    assert_int_equal(strlen(report(NOW)), strlen("… repeated once: ") + 199); /* no half character */
}

static struct {
    struct stderr_pipe caught;
    struct log_source source;
    struct loop *loop;
    struct timer stop;
} rig;

static void stop(void *userdata)
{
    loop_stop(rig.loop);
}

static int setup_log(void **state)
{
    unsetenv("JOURNAL_STREAM");
    stderr_pipe_begin(&rig.caught);
    log_init(FC_LOG_INFO);
    log_source_init(&rig.source, "py", 100);
    assert_true(log_source_register(&rig.source));
    assert_int_equal(loop_new(&rig.loop), 0);
    rig.stop = (struct timer){.fn = stop};
    return 0;
}

static int teardown_log(void **state)
{
    log_source_end(&rig.source);
    log_set_loop(NULL);
    loop_free(rig.loop);
    stderr_pipe_end(&rig.caught);
    return 0;
}

static void test_a_count_is_written_before_something_else(void **state)
{
    const char *text;

    for (int i = 0; i < 3; i++) {
        fc_log(FC_LOG_WARNING, "py", "refused");
        fc_log(FC_LOG_WARNING, "other", "here"); /* nobody that is limited */
    }
    for (int i = 0; i <= LOG_REPEAT_FREE; i++)
        log_source_lines(&rig.source, FC_LOG_INFO, "a\nb", 3);
    log_source_end(&rig.source);
    text = stderr_pipe_take(&rig.caught);
    assert_int_equal(count_of(text, "warning py refused\n"), 1);
    assert_int_equal(count_of(text, "warning other here\n"), 3);
    text = strstr(text, "warning py … repeated 2 times: refused\n");
    assert_non_null(text);
    text = strstr(text, "info py a\n");
    assert_non_null(text);
    assert_non_null(strstr(text, "info py b\n"));
    assert_non_null(strstr(text, "info py … repeated once: b\n"));
}

static void test_a_count_is_written_after_a_while(void **state)
{
    log_set_loop(rig.loop);
    fc_log(FC_LOG_WARNING, "py", "refused");
    fc_log(FC_LOG_WARNING, "py", "refused");
    assert_null(strstr(stderr_pipe_take(&rig.caught), "repeated"));
    loop_set_timer(rig.loop, &rig.stop, rig.source.report.deadline_ns); /* after that one */
    assert_int_equal(loop_run(rig.loop), 0);
    assert_logged(stderr_pipe_take(&rig.caught), "warning py … repeated once: refused");
}

/* What is counted costs none of the allowance, and what is left out is not counted as said before. */
static void test_limits(void **state)
{
    for (int i = 0; i < 5000; i++)
        assert_true(log_source_lines(&rig.source, FC_LOG_INFO, "again", 5));
    assert_int_equal(rig.source.limit.left_out, 0);
    rate_init_burst(&rig.source.limit.rate, 1, 1);
    assert_true(log_source_take(&rig.source, LOG_BY_BROKER, fc_now_ns()));
    assert_false(log_source_lines(&rig.source, FC_LOG_INFO, "other", 5));
    assert_false(log_source_lines(&rig.source, FC_LOG_INFO, "other", 5));
}

#define repeat_test(f) cmocka_unit_test_setup(f, setup)
#define log_test(f)    cmocka_unit_test_setup_teardown(f, setup_log, teardown_log)

int main(void)
{
    const struct CMUnitTest tests[] = {
        repeat_test(test_the_first_is_written_and_the_others_are_counted),
        repeat_test(test_prints_are_written_a_few_times),
        repeat_test(test_other_texts_are_others),
        repeat_test(test_what_comes_again_slowly_is_written),
        repeat_test(test_errors_are_written_less_and_less_often),
        repeat_test(test_counts_of_prints_come_every_ten_seconds),
        repeat_test(test_a_count_shows_the_last_line),
        log_test(test_a_count_is_written_before_something_else),
        log_test(test_a_count_is_written_after_a_while),
        log_test(test_limits),
    };
    int r = cmocka_run_group_tests(tests, NULL, NULL);

    log_repeat_forget(&repeat);
    return r;
}
