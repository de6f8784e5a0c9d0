/* SPDX-License-Identifier: BSD-2-Clause */
/* When frames of a universe are sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/backends/dmx_output.h"
#include "firecurtain/cleanup.h"
#include "tests/unit/dmx_rig.h"

#define BEGIN    (FC_NS_PER_S * 1000)
#define INTERVAL UINT64_C(22727273) /* 44 frames take at least a second */

static struct dmx_output output;

static void change(void)
{
    uint8_t before[DMX_SLOTS];

    memcpy(before, output.frame, sizeof(before));
    output.frame[3]++;
    dmx_output_changed(&output, before);
}

/* Sends whenever it is due, and changes a slot each `every_ns` (0: never). Returns the number of frames. */
static unsigned run(uint64_t from_ns, uint64_t to_ns, uint64_t every_ns)
{
    uint64_t changes_ns = every_ns ? from_ns : UINT64_MAX, now_ns = from_ns;
    unsigned n = 0;

    for (;;) {
        uint64_t due_ns = dmx_output_due_ns(&output);
        bool changes = changes_ns <= due_ns || changes_ns <= now_ns;

        if (changes && changes_ns > now_ns)
            now_ns = changes_ns;
        else if (!changes && due_ns > now_ns)
            now_ns = due_ns;
        if (now_ns >= to_ns)
            return n;
        if (changes) {
            change();
            changes_ns += every_ns;
        } else {
            dmx_output_sent(&output, now_ns);
            n++;
        }
    }
}

static void test_the_first_frame_is_due_at_once(void **state)
{
    dmx_output_init(&output);
    assert_int_equal(dmx_output_due_ns(&output), 0);
    dmx_output_sent(&output, BEGIN);
    assert_int_equal(dmx_output_due_ns(&output), BEGIN + INTERVAL);
}

static void test_a_change_goes_out_at_once_after_a_pause(void **state)
{
    dmx_output_init(&output);
    run(BEGIN, BEGIN + FC_NS_PER_S, 0);
    change();
    assert_true(dmx_output_due_ns(&output) < BEGIN + FC_NS_PER_S);
}

static void test_changes_wait_for_the_interval_only(void **state)
{
    dmx_output_init(&output);
    dmx_output_sent(&output, BEGIN);
    change();
    assert_int_equal(dmx_output_due_ns(&output), BEGIN + INTERVAL);
    change();
    assert_int_equal(dmx_output_due_ns(&output), BEGIN + INTERVAL);
}

static void test_equal_frames_three_times_and_then_to_stay_alive(void **state)
{
    dmx_output_init(&output);
    change();
    dmx_output_sent(&output, BEGIN);
    for (unsigned n = 1; n < 3; n++) {
        assert_int_equal(dmx_output_due_ns(&output), BEGIN + n * INTERVAL);
        dmx_output_sent(&output, BEGIN + n * INTERVAL);
    }
    for (unsigned n = 0; n < 4; n++) {
        uint64_t due_ns = dmx_output_due_ns(&output);

        assert_in_range(due_ns - output.sent_ns, 800 * FC_NS_PER_MS, 1000 * FC_NS_PER_MS);
        dmx_output_sent(&output, due_ns);
    }
    change();
    dmx_output_sent(&output, BEGIN + 10 * FC_NS_PER_S);
    assert_int_equal(dmx_output_due_ns(&output), BEGIN + 10 * FC_NS_PER_S + INTERVAL);
}

static void test_44_frames_a_second_at_most(void **state)
{
    static const uint64_t every_ns[] = {100000, FC_NS_PER_MS, 7 * FC_NS_PER_MS, 22 * FC_NS_PER_MS};

    for (size_t i = 0; i < FC_ARRAY_SIZE(every_ns); i++) {
        dmx_output_init(&output);
        assert_in_range(run(BEGIN, BEGIN + 10 * FC_NS_PER_S, every_ns[i]), 430, 440);
    }
}

static void test_other_rates(void **state)
{
    dmx_output_init(&output);
    assert_int_equal(dmx_output_set_rate(&output, "10", &rig_reason), 0);
    assert_in_range(run(BEGIN, BEGIN + 10 * FC_NS_PER_S, FC_NS_PER_MS), 99, 100);
    dmx_output_init(&output);
    assert_int_equal(dmx_output_set_rate(&output, "1000", &rig_reason), 0);
    assert_in_range(run(BEGIN, BEGIN + FC_NS_PER_S, FC_NS_PER_MS / 2), 990, 1000);
}

static void test_realtime_has_no_limit(void **state)
{
    dmx_output_init(&output);
    output.is_realtime = true;
    assert_in_range(run(BEGIN, BEGIN + FC_NS_PER_S, 100000), 9990, 10000);
    assert_int_equal(run(BEGIN + FC_NS_PER_S, BEGIN + 2 * FC_NS_PER_S, 0),
                     3); /* two equal ones, one to stay alive */
    output.is_realtime = false;
    assert_in_range(run(BEGIN + 2 * FC_NS_PER_S, BEGIN + 3 * FC_NS_PER_S, 100000), 43, 44);
}

static void test_setting_the_same_value_is_no_change(void **state)
{
    uint8_t before[DMX_SLOTS] = {0};

    dmx_output_init(&output);
    dmx_output_sent(&output, BEGIN);
    dmx_output_changed(&output, before);
    assert_false(output.is_dirty);
}

static void test_options(void **state)
{
    static const char *const rates[] = {"", "0", "1001", "-1", "44.0", "44 ", "fast", "99999"};

    dmx_output_init(&output);
    for (size_t i = 0; i < FC_ARRAY_SIZE(rates); i++)
        assert_int_equal(dmx_output_set_rate(&output, rates[i], &rig_reason), -EINVAL);
    assert_int_equal(output.interval_ns, INTERVAL);
    assert_false(output.is_realtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_frame_is_due_at_once),
        cmocka_unit_test(test_a_change_goes_out_at_once_after_a_pause),
        cmocka_unit_test(test_changes_wait_for_the_interval_only),
        cmocka_unit_test(test_equal_frames_three_times_and_then_to_stay_alive),
        cmocka_unit_test(test_44_frames_a_second_at_most),
        cmocka_unit_test(test_other_rates),
        cmocka_unit_test(test_realtime_has_no_limit),
        cmocka_unit_test(test_setting_the_same_value_is_no_change),
        cmocka_unit_test(test_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
