/* SPDX-License-Identifier: BSD-2-Clause */
/* The pure part of evdev: options, names of channels, and what positions and values are. */
#include <linux/input-event-codes.h>
#include <math.h>

#include "broker/drivers/evdev/code.h"
#include "broker/drivers/evdev/evdev.h"
#include "broker/drivers/evdev/value.h"
#include "tests/unit/check.h"
#include "tests/unit/driver_needs.h"

static struct evdev *evdev;
static struct fc_reason reason;

static int setup(void **state)
{
    evdev = evdev_new(NULL, "/show");
    return evdev ? 0 : -1;
}

static int teardown(void **state)
{
    evdev_free(evdev);
    evdev_free(NULL);
    return 0;
}

static int set(const char *option, const char *value)
{
    return evdev_configure(evdev, FC_SCOPE_INSTANCE, option, value, &reason);
}

static void test_names_and_numbers_of_channels(void **state)
{
    static const struct {
        const char *name, *canonical;
    } good[] = {
        {"EV_KEY.KEY_A", "EV_KEY.KEY_A"},
        {"EV_KEY.30", "EV_KEY.KEY_A"},
        {"1.0x1e", "EV_KEY.KEY_A"},
        {"EV_KEY.BTN_A", "EV_KEY.BTN_SOUTH"},
        {"EV_KEY.BTN_SOUTH", "EV_KEY.BTN_SOUTH"},
        {"EV_KEY.BTN_MOUSE", "EV_KEY.BTN_LEFT"},
        {"EV_KEY.BTN_0", "EV_KEY.BTN_0"},
        {"EV_KEY.BTN_TRIGGER_HAPPY1", "EV_KEY.BTN_TRIGGER_HAPPY1"},
        {"EV_KEY.KEY_RESERVED", "EV_KEY.KEY_RESERVED"},
        {"EV_KEY.767", "EV_KEY.767"},
        {"EV_ABS.ABS_X", "EV_ABS.ABS_X"},
        {"EV_REL.REL_WHEEL_HI_RES", "EV_REL.REL_WHEEL_HI_RES"},
        {"EV_SW.SW_LID", "EV_SW.SW_LID"},
        {"EV_MSC.MSC_SCAN", "EV_MSC.MSC_SCAN"},
        {"EV_LED.LED_CAPSL", "EV_LED.LED_CAPSL"},
        {"alive", "alive"},
    };
    static const struct {
        const char *name, *why;
    } bad[] = {
        {"", "is not a channel"},
        {"KEY_A", "is not a channel"},
        {".KEY_A", "is not a channel"},
        {"EV_KEY.", "is not a channel"},
        {"EV_KEYS.KEY_A", "did you mean \"EV_KEY\"?"},
        {"key.KEY_A", "is not a type of events"},
        {"EV_SYN.SYN_REPORT", "is not a type of events"},
        {"EV_KEY.KEY_ENTR", "did you mean \"KEY_ENTER\"?"},
        {"EV_KEY.key_a", "did you mean \"KEY_A\"?"},
        {"EV_ABS.ABS_Q", "\"ABS_Q\" is not a code of EV_ABS; did you mean"},
        {"EV_KEY.REL_WHEEL_HI_RES", "evtest shows those of a device"},
        {"EV_KEY.768", "is not a code"},
        {"EV_ABS.64", "is not a code"},
        {"EV_KEY.30x", "is not a code"},
        {"EV_KEY.-1", "is not a code"},
        {"EV_KEY.KEY_MAX", "is not a code"},
    };
    char canonical[128];

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(evdev_canonical(evdev, good[i].name, canonical, sizeof(canonical), &reason), 0);
        assert_string_equal(canonical, good[i].canonical);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(evdev_canonical(evdev, bad[i].name, canonical, sizeof(canonical), &reason), -EINVAL);
        if (!strstr(reason.text, bad[i].why))
            fail_msg("%s: %s", bad[i].name, reason.text);
    }
}

/* Each name of the table is read, and leads to a name that is read as the same. */
static void test_every_name_is_read(void **state)
{
    assert_true(code_n_names > 600);
    for (size_t i = 0; i < code_n_names; i++) {
        struct code first, again;
        char text[128];

        code_write(&code_names[i].code, text, sizeof(text));
        assert_int_equal(code_read(&first, text, &reason), 0);
        assert_true(code_is(&first, code_names[i].code.type, code_names[i].code.code));
        assert_int_equal(code_read_of(first.type, code_names[i].name, &again, &reason), 0);
        assert_true(code_is(&again, first.type, first.code));
    }
}

static void test_options(void **state)
{
    static const char *const bad[][2] = {
        {"device", "event3"},
        {"input", ""},
        {"exclusive", "perhaps"},
        {"id", "1 2 3 4 5"},
        {"id", "1 2 x"},
        {"id", "0x10000 0 0"},
        {"id", ""},
        {"axis.ABS_X", "0 1"},
        {"axis.ABS_X", "0 5 5"},
        {"axis.ABS_X", "0 0 99999999999"},
        {"axis.ABS_X", "0 0 1 0 0 0 7"},
        {"axis.ABS_XX", "0 0 1"},
        {"axis.REL_X", "0 0 1"},
        {"relaxis.REL_X", "0"},
        {"relaxis.REL_X", "10 11"},
        {"relaxis.REL_X", "10 -1"},
        {"relaxis.ABS_X", "10"},
        {"relaxis.REL_X", "10 5 5"},
    };

    assert_int_equal(set("axis.ABS_X", "34300 0 65536 255 4095"), 0);
    assert_int_equal(evdev->axes[ABS_X].max, 65536);
    assert_int_equal(evdev->axes[ABS_X].flat, 4095);
    assert_int_equal(set("relaxis.REL_X", "-1024 512"), 0);
    assert_true(evdev->frames[REL_X].is_inverted && evdev->frames[REL_X].max == 1024);
    assert_int_equal(evdev->frames[REL_X].position, 512);
    assert_int_equal(set("id", "0x1 0x2 0x3"), 0);
    assert_true(evdev->id[0] == 0 && evdev->id[1] == 1 && evdev->id[3] == 3);
    assert_int_equal(set("id", "5 0x1 0x2 0x3"), 0);
    assert_true(evdev->id[0] == 5 && evdev->id[1] == 1 && evdev->id[3] == 3);
    assert_int_equal(set("exclusive", "1"), 0);
    assert_true(evdev->is_exclusive);
    assert_int_equal(set("exclusive", "0"), 0);
    assert_false(evdev->is_exclusive);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (set(bad[i][0], bad[i][1]) != -EINVAL)
            fail_msg("%s = %s was accepted", bad[i][0], bad[i][1]);
    }
}

static int channel(uint32_t id, const char *name, unsigned directions)
{
    reason.text[0] = '\0';
    return evdev_channel(evdev, id, name, directions, &reason);
}

static void test_what_instances_need_and_can(void **state)
{
    struct fc_needs needs = {.text = ""};

    assert_int_equal(evdev_configured(evdev, &reason), FC_DOUBT);
    assert_int_equal(set("input", "Xbox"), 0);
    assert_int_equal(evdev_configured(evdev, &reason), 0);
    assert_int_equal(channel(0, "EV_KEY.KEY_A", FC_SOURCE), 0);
    assert_int_equal(channel(0, "EV_KEY.KEY_A", FC_SOURCE | FC_TARGET), FC_DOUBT);
    assert_non_null(strstr(reason.text, "nothing can be set"));
    assert_int_equal(set("output", "Mine"), 0);
    assert_int_equal(channel(0, "EV_KEY.KEY_A", FC_SOURCE | FC_TARGET), 0);
    assert_int_equal(channel(1, "EV_ABS.ABS_X", FC_SOURCE), 0);
    assert_int_equal(channel(1, "EV_ABS.ABS_X", FC_TARGET), -EINVAL);
    assert_non_null(strstr(reason.text, "axis.ABS_X = "));
    assert_int_equal(set("axis.ABS_X", "0 0 255"), 0);
    assert_int_equal(channel(1, "EV_ABS.ABS_X", FC_TARGET), 0);
    assert_int_equal(channel(2, "alive", FC_SOURCE), 0);
    assert_int_equal(channel(2, "alive", FC_TARGET), -EINVAL);
    evdev_driver.needs(evdev, &needs);
    assert_string_equal(needs.text, "group input\ndevice /dev/input\ndevice /dev/uinput\n");
    assert_int_equal(set("device", "/dev/input/event3"), 0);
    assert_int_equal(evdev_configured(evdev, &reason), -EINVAL);
}

static void test_only_the_device_is_needed_that_is_elsewhere(void **state)
{
    struct fc_needs needs = {.text = ""};

    assert_int_equal(set("device", "/srv/pedal"), 0);
    evdev_driver.needs(evdev, &needs);
    assert_string_equal(needs.text, "group input\ndevice /srv/pedal\n");
}

static void test_absolute_axes(void **state)
{
    assert_double(value_of_absolute(-128, -128, 127), 0);
    assert_double(value_of_absolute(127, -128, 127), 1);
    assert_double(value_of_absolute(300, -128, 127), 1);
    assert_double(value_of_absolute(-300, -128, 127), 0);
    assert_double(value_of_absolute(7, 5, 5), 0);
    assert_double(value_of_absolute(INT32_MAX, INT32_MIN, INT32_MAX), 1);
    assert_double(value_of_absolute(50, 100, 0), 0); /* no device should say so */
    assert_int_equal(value_to_absolute(0.5, 0, 65536), 32768);
    assert_int_equal(value_to_absolute(0.5, -128, 127), 0);
    assert_int_equal(value_to_absolute(1, INT32_MIN, INT32_MAX), INT32_MAX);
    assert_int_equal(value_to_absolute(0, INT32_MIN, INT32_MAX), INT32_MIN);
    for (int32_t i = -128; i <= 127; i++)
        assert_int_equal(value_to_absolute(value_of_absolute(i, -128, 127), -128, 127), i);
}

static void test_relative_axes(void **state)
{
    struct value_frame none = {.max = 0}, frame = {.max = 100, .position = 50};
    struct value_frame inverted = {.max = 100, .is_inverted = true};

    assert_double(value_of_relative(&none, -3), 0);
    assert_double(value_of_relative(&none, 0), 0.5);
    assert_double(value_of_relative(&none, 3), 1);
    assert_double(value_of_relative(&frame, 25), 0.75);
    assert_double(value_of_relative(&frame, INT32_MAX), 1);
    assert_double(value_of_relative(&frame, -10), 0.9);
    assert_double(value_of_relative(&frame, INT32_MIN), 0);
    assert_double(value_of_relative(&inverted, INT32_MIN), 1);
    assert_double(value_of_relative(&inverted, 25), 0.75);

    frame.position = inverted.position = 50;
    assert_int_equal(value_to_relative(&none, 0.4), -1);
    assert_int_equal(value_to_relative(&none, 0.5), 0);
    assert_int_equal(value_to_relative(&none, 0.6), 1);
    assert_int_equal(value_to_relative(&frame, 0.75), 25);
    assert_int_equal(value_to_relative(&frame, 0.75), 0);
    assert_int_equal(value_to_relative(&frame, 0), -75);
    assert_int_equal(value_to_relative(&inverted, 0.75), -25);
}

static void test_keys(void **state)
{
    assert_double(value_of_switch(0), 0);
    assert_double(value_of_switch(1), 1);
    assert_double(value_of_switch(458976), 1); /* a scan code */
    assert_double(value_of_switch(-1), 0);
    assert_int_equal(value_to_switch(0.9), 0);
    assert_int_equal(value_to_switch(0.91), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names_and_numbers_of_channels, setup, teardown),
        cmocka_unit_test(test_every_name_is_read),
        cmocka_unit_test_setup_teardown(test_options, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_instances_need_and_can, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_the_device_is_needed_that_is_elsewhere, setup, teardown),
        cmocka_unit_test(test_absolute_axes),
        cmocka_unit_test(test_relative_axes),
        cmocka_unit_test(test_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
