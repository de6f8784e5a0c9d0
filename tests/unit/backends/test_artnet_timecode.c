/* SPDX-License-Identifier: BSD-2-Clause */
/* Time codes as channels: which names, which values, and whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/backends/artnet_timecode.h"
#include "firecurtain/time.h"
#include "tests/unit/dmx_rig.h"

#define MS(n) ((1000 + (n)) * FC_NS_PER_MS)

static struct fc_instance core;
static struct artnet_timecode timecode;

static int setup(void **state)
{
    core = (struct fc_instance){.name = "artnet"};
    timecode = (struct artnet_timecode){0};
    return 0;
}

static void map(uint32_t id, const char *name)
{
    assert_true(artnet_timecode_is(name));
    assert_int_equal(artnet_timecode_set(&timecode, id, name, FC_SOURCE, &rig_reason), 0);
}

static void take(struct artnet_time time)
{
    artnet_timecode_emit(&timecode, &core, &time);
}

static void test_names(void **state)
{
    assert_true(artnet_timecode_is("timecode.frames"));
    assert_false(artnet_timecode_is("timecode."));
    assert_false(artnet_timecode_is("1"));
    assert_int_equal(artnet_timecode_set(&timecode, 0, "timecode", FC_TARGET, &rig_reason), -EINVAL);
    assert_string_equal(rig_reason.text, "timecode is what others send, and cannot be set");
}

static void test_a_day_from_0_to_1(void **state)
{
    map(3, "timecode");
    take((struct artnet_time){.hours = 0});
    rig_assert_event(&core, 3, 0);
    take((struct artnet_time){.hours = 12});
    rig_assert_event(&core, 3, 0.5);
    take((struct artnet_time){.hours = 18, .frames = 12, .type = 0});
    rig_assert_event(&core, 3, (18 * 3600 + 0.5) / 86400);
    take((struct artnet_time){.minutes = 1, .seconds = 2, .frames = 15, .type = 3});
    rig_assert_event(&core, 3, 62.5 / 86400);
}

static void test_numbers_as_they_change(void **state)
{
    map(0, "timecode.hours");
    map(1, "timecode.minutes");
    map(2, "timecode.seconds");
    map(3, "timecode.frames");
    map(4, "timecode.type");
    take((struct artnet_time){.hours = 1, .minutes = 2, .seconds = 3, .frames = 4, .type = 1});
    for (unsigned i = 0; i < 4; i++)
        assert_true(core.events[i].channel == i && core.events[i].value == (i + 1) / 255.0);
    assert_true(core.events[4].value == 1 / 255.0);
    rig_assert_n_events(&core, 5);
    take((struct artnet_time){.hours = 1, .minutes = 2, .seconds = 3, .frames = 5, .type = 1});
    rig_assert_event(&core, 3, 5 / 255.0);
    assert_int_equal(artnet_timecode_set(&timecode, 3, "timecode.frames", 0, &rig_reason), 0);
    take((struct artnet_time){.hours = 1, .minutes = 2, .seconds = 3, .frames = 6, .type = 1});
    rig_assert_n_events(&core, 0);
}

static void test_one_sender_at_a_time(void **state)
{
    struct artnet_clock clock = {0};
    const struct in_addr a = {.s_addr = 1}, b = {.s_addr = 2};

    assert_true(artnet_clock_follows(&clock, a, MS(0)));
    assert_false(artnet_clock_follows(&clock, b, MS(1)));
    assert_true(artnet_clock_follows(&clock, a, MS(1000)));
    assert_false(artnet_clock_follows(&clock, b, MS(3499)));
    assert_true(artnet_clock_follows(&clock, b, MS(3500)));
    assert_false(artnet_clock_follows(&clock, a, MS(3501)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_names, setup),
        cmocka_unit_test_setup(test_a_day_from_0_to_1, setup),
        cmocka_unit_test_setup(test_numbers_as_they_change, setup),
        cmocka_unit_test(test_one_sender_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
