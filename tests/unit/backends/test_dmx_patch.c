/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of DMX channels, the slots that they stand for, and values on the way there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/backends/dmx_patch.h"
#include "firecurtain/cleanup.h"
#include "tests/unit/dmx_rig.h"

static struct dmx_patch patch;
static struct fc_instance core;

static int setup(void **state)
{
    core = (struct fc_instance){.name = "dmx"};
    dmx_patch_init(&patch);
    return 0;
}

static int teardown(void **state)
{
    dmx_patch_deinit(&patch);
    return 0;
}

static void set(uint32_t id, const char *name, unsigned directions)
{
    if (dmx_patch_set(&patch, id, name, directions, false, &rig_reason) != 0)
        fail_msg("%s: %s", name, rig_reason.text);
}

static void assert_refused(uint32_t id, const char *name, unsigned directions, const char *why)
{
    assert_int_equal(dmx_patch_set(&patch, id, name, directions, false, &rig_reason), -EINVAL);
    if (!strstr(rig_reason.text, why))
        fail_msg("%s is refused since: %s", name, rig_reason.text);
}

static void assert_canonical(const char *name, const char *expected)
{
    char canonical[16];

    assert_int_equal(dmx_patch_canonical(name, canonical, sizeof(canonical), &rig_reason), 0);
    assert_string_equal(canonical, expected);
}

static void test_canonical_names(void **state)
{
    assert_canonical("1", "1");
    assert_canonical("512", "512");
    assert_canonical("007", "7");
    assert_canonical("1+2", "1+2");
    assert_canonical("512+01", "512+1");
    assert_canonical("alive", "alive");
    assert_canonical("sources", "sources");
    assert_canonical("rate", "rate");
}

static void test_other_names_are_refused(void **state)
{
    static const char *const names[] = {
        "",       "0",
        "513",    "-1",
        "+1",     "1+",
        "1+0",    "1+513",
        "1+2+3",  "1 ",
        " 1",     "1 +2",
        "1+ 2",   "1-2",
        "dimmer", "1.5",
        "0x10",   "9999999999",
        "1+1",    "7+07",
        "1+a",    "live",
        "alive2", "ALIVE",
        "rate.1", "18446744073709551617",
    };
    char canonical[16];

    for (size_t i = 0; i < FC_ARRAY_SIZE(names); i++) {
        if (dmx_patch_canonical(names[i], canonical, sizeof(canonical), &rig_reason) != -EINVAL)
            fail_msg("\"%s\" is taken for %s", names[i], canonical);
        assert_int_not_equal(rig_reason.text[0], 0);
    }
}

static void test_no_room_for_a_canonical_name(void **state)
{
    char canonical[3];

    assert_int_equal(dmx_patch_canonical("100", canonical, sizeof(canonical), &rig_reason), -ENOMEM);
}

static void test_a_slot_has_one_channel(void **state)
{
    set(0, "1+2", FC_SOURCE);
    assert_refused(1, "1", FC_SOURCE, "channel 1 is part of the pair 1+2");
    assert_refused(2, "2", FC_TARGET, "channel 2 is part of the pair 1+2");
    assert_refused(3, "2+3", FC_SOURCE, "channel 2 is part of the pair 1+2");
    assert_refused(3, "2+1", FC_SOURCE, "channel 2 is part of the pair 1+2");
    set(4, "3", FC_SOURCE);
    assert_refused(5, "4+3", FC_SOURCE, "channel 3 is mapped alone");
    set(6, "4", FC_SOURCE); /* what was refused uses nothing */
}

static void test_a_channel_that_is_not_used_any_more_gives_its_slots_back(void **state)
{
    set(0, "1+2", FC_SOURCE);
    set(0, "1+2", 0);
    set(1, "2", FC_SOURCE);
    set(2, "1", FC_SOURCE | FC_TARGET);
}

static void note(void *userdata, uint32_t id, double value)
{
    fc_emit(userdata, id, value);
}

static void test_while_it_runs_the_new_channel_takes_the_slots_over(void **state)
{
    const uint8_t before[DMX_SLOTS] = {0}, frame[DMX_SLOTS] = {255, 255};

    set(0, "1+2", FC_SOURCE);
    assert_int_equal(dmx_patch_set(&patch, 1, "1", FC_SOURCE, true, &rig_reason), 0);
    assert_int_equal(dmx_patch_set(&patch, 0, "1+2", 0, true, &rig_reason), 0);
    dmx_patch_compare(&patch, before, frame, note, &core);
    rig_assert_event(&core, 1, 1);
}

static void test_health_cannot_be_set(void **state)
{
    assert_refused(0, "alive", FC_TARGET, "alive says how the universe is received");
    assert_refused(0, "rate", FC_SOURCE | FC_TARGET, "cannot be set");
    set(0, "alive", FC_SOURCE);
    assert_int_equal(patch.health[DMX_ALIVE], 0);
    set(0, "alive", 0);
    assert_int_equal(patch.health[DMX_ALIVE], DMX_PATCH_NO_CHANNEL);
}

static void test_every_value_survives_a_round_trip(void **state)
{
    for (unsigned n = 0; n <= UINT8_MAX; n++) {
        assert_int_equal(dmx_value_to_8(dmx_value_from_8((uint8_t)n)), n);
        assert_int_equal(dmx_value_to_8((float)dmx_value_from_8((uint8_t)n)), n);
    }
    for (unsigned n = 0; n <= UINT16_MAX; n++) {
        double value = dmx_value_from_16((uint8_t)(n >> 8), (uint8_t)n);

        assert_int_equal(dmx_value_to_16(value), n);
        assert_int_equal(dmx_value_to_16((float)value), n);
    }
    assert_int_equal(dmx_value_to_8(0.5), 128);
    assert_int_equal(dmx_value_to_16(0.5), 32768);
    assert_int_equal(dmx_value_to_8(1), 255);
}

static void test_counts_reach_as_far_as_a_byte(void **state)
{
    assert_true(dmx_value_of_count(0) == 0);
    assert_true(dmx_value_of_count(44) == 44.0 / 255);
    assert_true(dmx_value_of_count(255) == 1);
    assert_true(dmx_value_of_count(UINT64_C(1) << 32) == 1);
}

static void test_writing(void **state)
{
    uint8_t frame[DMX_SLOTS] = {0};

    set(0, "512", FC_TARGET);
    set(1, "7+3", FC_TARGET); /* coarse first, wherever they are */
    dmx_patch_write(&patch, 0, 0.2, frame);
    dmx_patch_write(&patch, 1, 0x1234 / 65535.0, frame);
    assert_int_equal(frame[511], 51);
    assert_int_equal(frame[6], 0x12);
    assert_int_equal(frame[2], 0x34);
}

static void test_only_mapped_slots_that_changed_are_compared(void **state)
{
    uint8_t before[DMX_SLOTS] = {0, 1}, frame[DMX_SLOTS] = {51, 1, 9, 9};

    set(0, "1", FC_SOURCE);
    set(1, "2", FC_SOURCE);
    set(2, "3", FC_TARGET);
    dmx_patch_compare(&patch, before, frame, note, &core);
    rig_assert_event(&core, 0, 0.2);
}

static void test_a_pair_is_one_event(void **state)
{
    uint8_t before[DMX_SLOTS] = {0}, frame[DMX_SLOTS] = {0x34, 0, 0, 0x12};

    set(0, "4+1", FC_SOURCE);
    dmx_patch_compare(&patch, before, frame, note, &core);
    rig_assert_event(&core, 0, 0x1234 / 65535.0);
    memcpy(before, frame, sizeof(before));
    frame[0] = 0x35;
    dmx_patch_compare(&patch, before, frame, note, &core);
    rig_assert_event(&core, 0, 0x1235 / 65535.0);
    memcpy(before, frame, sizeof(before));
    frame[3] = 0x13;
    dmx_patch_compare(&patch, before, frame, note, &core);
    rig_assert_event(&core, 0, 0x1335 / 65535.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_canonical_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_names_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_room_for_a_canonical_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_slot_has_one_channel, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_channel_that_is_not_used_any_more_gives_its_slots_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_while_it_runs_the_new_channel_takes_the_slots_over, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_health_cannot_be_set, setup, teardown),
        cmocka_unit_test(test_every_value_survives_a_round_trip),
        cmocka_unit_test(test_counts_reach_as_far_as_a_byte),
        cmocka_unit_test_setup_teardown(test_writing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_mapped_slots_that_changed_are_compared, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_pair_is_one_event, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
