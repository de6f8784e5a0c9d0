/* SPDX-License-Identifier: BSD-2-Clause */
/* What an instance may write into the log: one allowance for its script's lines and the broker's about it. */
#include "broker/base/log.h"
#include "firecurtain/time.h"
#include "tests/unit/stderr_pipe.h"

#define PER_SECOND 8
#define BURST      (10 * PER_SECOND)
#define RESERVE    (BURST / 8)

struct rig {
    struct log_source source;
    struct stderr_pipe caught;
};

static int setup(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    assert_non_null(rig);
    unsetenv("JOURNAL_STREAM");
    stderr_pipe_begin(&rig->caught);
    log_init(FC_LOG_INFO);
    log_source_init(&rig->source, "py", PER_SECOND);
    assert_true(log_source_register(&rig->source));
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    log_source_end(&rig->source);
    stderr_pipe_end(&rig->caught);
    free(rig);
    return 0;
}

static void test_a_script_leaves_some_lines_to_the_broker(void **state)
{
    struct rig *rig = *state;
    unsigned n = 0, broker = 0;

    while (log_source_take(&rig->source, LOG_BY_SCRIPT, 1))
        n++;
    while (log_source_take(&rig->source, LOG_BY_BROKER, 1))
        broker++;
    assert_int_equal(n, BURST - RESERVE);
    assert_int_equal(broker, RESERVE);
    assert_int_equal(rig->source.limit.left_out, 2);
}

static void test_the_allowance_comes_back(void **state)
{
    struct rig *rig = *state;

    while (log_source_take(&rig->source, LOG_BY_BROKER, 1))
        continue;
    assert_true(log_source_take(&rig->source, LOG_BY_BROKER, 1 + FC_NS_PER_S / PER_SECOND));
    assert_false(log_source_take(&rig->source, LOG_BY_BROKER, 1 + FC_NS_PER_S / PER_SECOND));
}

/* Whatever function of the broker writes them. */
static void test_lines_about_an_instance_are_limited_wherever_they_come_from(void **state)
{
    struct rig *rig = *state;
    const char *text;

    for (int i = 0; i < 2 * BURST; i++) {
        fc_log(FC_LOG_WARNING, "py", "a socket is closed");
        fc_log_text(FC_LOG_WARNING, "py", "it was refused", 14);
    }
    text = stderr_pipe_take(&rig->caught);
    assert_in_range(count_of(text, "warning py "), BURST, BURST + 1);
    fc_log(FC_LOG_WARNING, "other", "this is heard");
    assert_logged(stderr_pipe_take(&rig->caught), "warning other this is heard");
    rate_init_burst(&rig->source.limit.rate, PER_SECOND, BURST);
    fc_log(FC_LOG_WARNING, "py", "now");
    text = stderr_pipe_take(&rig->caught);
    assert_non_null(strstr(text, "lines were left out here (more than 8 a second)\n"));
    assert_non_null(strstr(text, "warning py now\n"));
}

static void test_lines_below_the_level_cost_nothing(void **state)
{
    struct rig *rig = *state;

    for (int i = 0; i < 2 * BURST; i++)
        fc_log(FC_LOG_DEBUG, "py", "not shown");
    assert_int_equal(rig->source.limit.left_out, 0);
    fc_log(FC_LOG_INFO, "py", "shown");
    assert_logged(stderr_pipe_take(&rig->caught), "info py shown");
}

static void test_an_instance_that_is_gone_is_not_limited(void **state)
{
    struct rig *rig = *state;

    assert_true(log_source_register(&rig->source)); /* as a device does that is started again */
    log_source_unregister(&rig->source);
    log_source_unregister(&rig->source);
    assert_null(log_source_find("py"));
    for (int i = 0; i < BURST + 5; i++)
        fc_log(FC_LOG_INFO, "py", "line");
    assert_int_equal(count_of(stderr_pipe_take(&rig->caught), "info py line\n"), BURST + 5);
}

#define source_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        source_test(test_a_script_leaves_some_lines_to_the_broker),
        source_test(test_the_allowance_comes_back),
        source_test(test_lines_about_an_instance_are_limited_wherever_they_come_from),
        source_test(test_lines_below_the_level_cost_nothing),
        source_test(test_an_instance_that_is_gone_is_not_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
