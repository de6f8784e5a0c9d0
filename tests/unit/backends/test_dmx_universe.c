/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of a universe as events, and how well it is received as channels, in the log and in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/backends/dmx_universe.h"
#include "tests/unit/dmx_rig.h"

#define BEGIN (1000 * FC_NS_PER_S)
#define MS(n) (BEGIN + (n)*FC_NS_PER_MS)

static struct fc_instance core;
static struct dmx_universe universe;

static int setup(void **state)
{
    core = (struct fc_instance){.name = "dmx"};
    rig_log[0] = '\0';
    dmx_universe_init(&universe, &core, DMX_FIRST, 2);
    return 0;
}

static int teardown(void **state)
{
    dmx_universe_deinit(&universe);
    return 0;
}

static void map(uint32_t id, const char *name, unsigned directions)
{
    assert_int_equal(dmx_patch_set(&universe.patch, id, name, directions, false, &rig_reason), 0);
}

static struct dmx_source *source(const char *name, uint64_t now_ns)
{
    uint8_t key[DMX_MERGE_KEY_BYTES] = {0};

    memcpy(key, name, strlen(name));
    return dmx_universe_source(&universe, key, name, now_ns);
}

static void receive(const char *name, uint64_t now_ns, uint8_t value)
{
    const uint8_t data[] = {value, value};
    struct dmx_source *from = source(name, now_ns);

    assert_non_null(from);
    dmx_universe_receive(&universe, from, data, sizeof(data), now_ns);
}

static void assert_description(uint64_t now_ns, const char *expected)
{
    char text[128];

    dmx_universe_describe(&universe, now_ns, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void test_only_changes_are_emitted(void **state)
{
    map(0, "1", FC_SOURCE);
    receive("a", MS(0), 0);
    rig_assert_n_events(&core, 0);
    receive("a", MS(20), 51);
    rig_assert_event(&core, 0, 0.2);
    receive("a", MS(40), 51);
    rig_assert_n_events(&core, 0);
}

static void test_what_is_set_makes_one_frame(void **state)
{
    map(0, "1", FC_TARGET);
    map(1, "2+3", FC_TARGET);
    dmx_universe_set(&universe, 0, 0.5);
    dmx_universe_set(&universe, 1, 1);
    assert_true(universe.output.is_dirty);
    assert_memory_equal(universe.output.frame, "\x80\xff\xff\0", 4);
}

static void test_health_is_data(void **state)
{
    map(0, "alive", FC_SOURCE);
    map(1, "sources", FC_SOURCE);
    receive("a", MS(0), 1);
    assert_int_equal(core.events[0].channel, 0);
    assert_true(core.events[0].value == 1);
    assert_int_equal(core.events[1].channel, 1);
    assert_true(core.events[1].value == 1.0 / 255);
    rig_assert_n_events(&core, 2);
    receive("a", MS(20), 2);
    rig_assert_n_events(&core, 0);
    receive("b", MS(1000), 2);
    rig_assert_event(&core, 1, 2.0 / 255);
    dmx_universe_tick(&universe, MS(2520));
    rig_assert_event(&core, 1, 1.0 / 255);
    dmx_universe_tick(&universe, MS(3499));
    rig_assert_n_events(&core, 0);
    dmx_universe_tick(&universe, MS(3500));
    assert_true(core.events[0].channel == 0 && core.events[0].value == 0);
    rig_assert_n_events(&core, 2);
}

static void test_the_rate_is_counted_in_seconds(void **state)
{
    uint64_t next_ns;

    map(0, "rate", FC_SOURCE);
    for (unsigned n = 0; n <= 44; n++)
        receive("a", BEGIN + n * FC_NS_PER_S / 44, 1);
    rig_assert_event(&core, 0, 44.0 / 255);
    next_ns = dmx_universe_next_ns(&universe);
    assert_int_equal(next_ns, MS(2000));
    dmx_universe_tick(&universe, next_ns);
    rig_assert_event(&core, 0, 1.0 / 255); /* the one that ended the first second */
    dmx_universe_tick(&universe, MS(3000));
    rig_assert_event(&core, 0, 0);
    dmx_universe_tick(&universe, MS(3500));
    dmx_universe_tick(&universe, MS(4000));
    rig_assert_n_events(&core, 0);
    assert_true(dmx_universe_next_ns(&universe) == DMX_MERGE_NEVER);
}

static void test_the_end_is_said_once(void **state)
{
    receive("10.0.0.5", MS(0), 1);
    receive("10.0.0.5", MS(20), 2);
    rig_assert_log("dmx: receiving from 10.0.0.5\n");
    dmx_universe_tick(&universe, MS(2520));
    dmx_universe_tick(&universe, MS(9000));
    rig_assert_log("dmx: nobody sends the universe any more; it keeps its last values\n");
    receive("10.0.0.5", MS(10000), 2);
    rig_assert_log("dmx: receiving from 10.0.0.5\n");
}

static void test_sources_beyond_the_limit_are_ignored_and_said_once(void **state)
{
    receive("a", MS(0), 1);
    receive("b", MS(0), 1);
    rig_log[0] = '\0';
    assert_null(source("c", MS(10)));
    assert_null(source("d", MS(20)));
    rig_assert_log("dmx: c sends the same universe as 2 others and is ignored until one of these ends\n");
    receive("b", MS(2000), 1);
    dmx_universe_tick(&universe, MS(2500));
    assert_non_null(source("c", MS(2510)));
    assert_null(source("d", MS(2520)));
    rig_assert_log("dmx: d sends the same universe as 2 others and is ignored until one of these ends\n");
}

static void test_too_many_sources_do_not_fill_the_log(void **state)
{
    receive("a", MS(0), 1);
    rig_log[0] = '\0';
    for (unsigned n = 0; n < 100; n++) {
        receive("b", MS(n), 1);
        assert_null(source("c", MS(n)));
        dmx_universe_end_source(&universe, source("b", MS(n)), MS(n));
    }
    rig_assert_log("dmx: c sends the same universe as 2 others and is ignored until one of these ends\n");
}

static void test_words(void **state)
{
    assert_description(MS(0), "");
    receive("10.0.0.5", MS(0), 1);
    assert_description(MS(0), "receiving from 10.0.0.5");
    for (unsigned n = 1; n <= 10; n++)
        receive("10.0.0.5", MS(n * 100), 1);
    assert_description(MS(1000), "receiving from 10.0.0.5 at 10 Hz");
    receive("10.0.0.6", MS(1000), 1);
    assert_description(MS(1000), "receiving from 2 sources, last from 10.0.0.6, at 10 Hz");
    dmx_universe_tick(&universe, MS(9100));
    assert_description(MS(9100), "lost for 8 s");
}

static void test_loss_can_be_zero(void **state)
{
    map(0, "1", FC_SOURCE);
    assert_int_equal(dmx_universe_configure(&universe, "on-loss", "zero", &rig_reason), 0);
    receive("a", MS(0), 255);
    rig_assert_event(&core, 0, 1);
    dmx_universe_tick(&universe, MS(2500));
    rig_assert_event(&core, 0, 0);
    assert_non_null(strstr(rig_log, "it is zero now"));
}

static void test_a_source_may_end_by_itself(void **state)
{
    map(0, "1", FC_SOURCE);
    receive("a", MS(0), 255);
    receive("b", MS(0), 51);
    core.n_events = 0;
    dmx_universe_end_source(&universe, source("a", MS(1)), MS(1));
    rig_assert_event(&core, 0, 0.2);
}

static void test_what_comes_and_goes_does_not_fill_the_log(void **state)
{
    map(0, "alive", FC_SOURCE);
    for (unsigned n = 0; n < 100; n++) {
        receive("a", MS(n), 1);
        dmx_universe_end_source(&universe, source("a", MS(n)), MS(n));
    }
    rig_assert_n_events(&core, 200);
    rig_assert_log(
        "dmx: receiving from a\ndmx: nobody sends the universe any more; it keeps its last values\n");
    receive("a", MS(1000), 1);
    rig_assert_log("dmx: receiving from a\n");
}

static void test_held_frames_are_emitted_together(void **state)
{
    map(0, "1", FC_SOURCE);
    universe.is_held = true;
    receive("a", MS(0), 51);
    receive("a", MS(20), 102);
    rig_assert_n_events(&core, 0);
    dmx_universe_emit(&universe);
    rig_assert_event(&core, 0, 0.4);
}

static void test_after_a_stop_only_what_has_changed_is_emitted(void **state)
{
    map(0, "1", FC_SOURCE);
    receive("a", MS(0), 51);
    core.n_events = 0;
    dmx_universe_stop(&universe);
    assert_true(dmx_universe_next_ns(&universe) == DMX_MERGE_NEVER);
    receive("b", MS(20), 51);
    rig_assert_n_events(&core, 0);
    receive("b", MS(40), 0);
    rig_assert_event(&core, 0, 0);
}

static void test_options(void **state)
{
    assert_int_equal(dmx_universe_configure(&universe, "merge", "htp", &rig_reason), 0);
    assert_int_equal(dmx_universe_configure(&universe, "merge", "?", &rig_reason), -EINVAL);
    assert_int_equal(dmx_universe_configure(&universe, "rate", "20", &rig_reason), 0);
    assert_int_equal(dmx_universe_configure(&universe, "realtime", "1", &rig_reason), 0);
    assert_int_equal(dmx_universe_configure(&universe, "universe", "1", &rig_reason), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_only_changes_are_emitted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_set_makes_one_frame, setup, teardown),
        cmocka_unit_test_setup_teardown(test_health_is_data, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_rate_is_counted_in_seconds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_end_is_said_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sources_beyond_the_limit_are_ignored_and_said_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_too_many_sources_do_not_fill_the_log, setup, teardown),
        cmocka_unit_test_setup_teardown(test_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loss_can_be_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_source_may_end_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_comes_and_goes_does_not_fill_the_log, setup, teardown),
        cmocka_unit_test_setup_teardown(test_held_frames_are_emitted_together, setup, teardown),
        cmocka_unit_test_setup_teardown(test_after_a_stop_only_what_has_changed_is_emitted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_options, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
