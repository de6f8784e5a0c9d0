/* SPDX-License-Identifier: BSD-2-Clause */
/* The pure part of MIDI by the ALSA sequencer: options, what a driver opens, and which port a name means. */
#include "broker/drivers/midi/match.h"
#include "broker/drivers/midi/midi.h"
#include "tests/unit/check.h"
#include "tests/unit/driver_needs.h"

static struct alsa *alsa;
static struct fc_reason reason;

static int setup(void **state)
{
    alsa = alsa_new(NULL, "/show");
    return alsa ? 0 : -1;
}

static int teardown(void **state)
{
    alsa_free(alsa);
    alsa_free(NULL);
    return 0;
}

static int set(const char *option, const char *value)
{
    return alsa_configure(alsa, FC_SCOPE_INSTANCE, option, value, &reason);
}

static void test_devices(void **state)
{
    assert_int_equal(set("read", "A"), 0);
    assert_int_equal(set("source", "B"), 0);
    assert_int_equal(set("write", "A"), 0);
    assert_int_equal(set("target", "C"), 0);
    assert_int_equal(alsa->n_devices, 4);
    assert_true(alsa->devices[0].is_read && alsa->devices[1].is_read && !alsa->devices[2].is_read);
    assert_int_equal(set("source", "A"), FC_DOUBT);
    assert_int_equal(set("read", ""), -EINVAL);
    assert_int_equal(alsa->n_devices, 4);
    for (size_t i = alsa->n_devices; i < ALSA_MAX_DEVICES; i++) {
        char name[16];

        snprintf(name, sizeof(name), "%zu", i);
        assert_int_equal(set("read", name), 0);
    }
    assert_int_equal(set("write", "one more"), -EINVAL);
    assert_string_equal(reason.text, "an instance has at most 64 devices");
}

static void test_the_backend(void **state)
{
    assert_int_equal(set("name", "foh"), 0);
    assert_int_equal(set("name", "stage"), 0);
    assert_string_equal(alsa->client_name, "stage");
    assert_int_equal(set("name", ""), -EINVAL);
    assert_int_equal(set("detect", "on"), 0);
    assert_true(alsa->detect);
    assert_int_equal(set("detect", "off"), 0);
    assert_false(alsa->detect);
    assert_int_equal(set("epn-tx", "short"), 0);
    assert_true(alsa->midi.out.is_short);
    assert_int_equal(alsa_configured(alsa, &reason), 0);
}

static void test_it_opens_the_sequencer(void **state)
{
    struct fc_needs needs = {.text = ""};

    alsa_driver.needs(alsa, &needs);
    assert_string_equal(needs.text, "device /dev/snd/seq\ngroup audio\n");
}

static unsigned match(const char *name, const char *client_name, const char *port_name)
{
    const struct alsa_found found = {20, 3, client_name, port_name};

    return alsa_match(name, &found);
}

static void test_names_of_devices(void **state)
{
    static const char *const good[] = {"Virtual Raw MIDI 0-0",
                                       "VirMIDI 0-0",
                                       "Virtual",
                                       "VirM",
                                       "20",
                                       "20:3",
                                       "20:VirMIDI 0-0",
                                       "Virtual Raw MIDI 0-0:3",
                                       "Virtual Raw MIDI 0-0:VirMIDI 0-0"};
    static const char *const bad[] = {"virtual", "Raw", "2",      "21",           "20:2",
                                      "20:",     ":3",  "20:3:1", "VirMIDI 0-0 ", "200"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(match(good[i], "Virtual Raw MIDI 0-0", "VirMIDI 0-0") > 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(match(bad[i], "Virtual Raw MIDI 0-0", "VirMIDI 0-0"), 0);
}

static void test_colons_in_names(void **state)
{
    assert_true(match("a:b", "a:b", "x") > 0);
    assert_true(match("a:b:3", "a:b", "x") > 0);
    assert_true(match("a:b:x:y", "a:b", "x:y") > 0);
    assert_int_equal(match("a:b:4", "a:b", "x"), 0);
}

static void test_a_whole_name_is_better_than_a_beginning(void **state)
{
    assert_true(match("nano", "nano", "x") > match("nano", "nanoKONTROL", "x"));
    assert_true(match("nano", "x", "nano") > match("nano", "nanoKONTROL", "x"));
    assert_true(match("20:3", "a", "x") > match("20", "a", "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_devices, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_backend, setup, teardown),
        cmocka_unit_test_setup_teardown(test_it_opens_the_sequencer, setup, teardown),
        cmocka_unit_test(test_names_of_devices),
        cmocka_unit_test(test_colons_in_names),
        cmocka_unit_test(test_a_whole_name_is_better_than_a_beginning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
