/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of MIDI's channels, and options of the model. */
#include "tests/unit/midi/midi_rig.h"

static void test_one_spelling(void **state)
{
    static const char *const names[][2] = {
        {"ch0.cc7", "ch0.cc7"},
        {"channel3.note60", "ch3.note60"},
        {"ch15.cc0", "ch15.cc0"},
        {"ch01.cc007+039", "ch1.cc7+39"},
        {"ch2.pressure127", "ch2.pressure127"},
        {"channel9.pitch", "ch9.pitch"},
        {"ch9.aftertouch", "ch9.aftertouch"},
        {"ch9.program", "ch9.program"},
        {"ch0.rpn16383", "ch0.rpn16383"},
        {"ch0.nrpn900", "ch0.nrpn900"},
        {"clock", "clock"},
        {"timecode.frames", "timecode.frames"},
        {"msc.go", "msc.go"},
        {"msc.go.12.5/2", "msc.go.12.5/2"},
        {"msc.fire.7", "msc.fire.7"},
        {"mmc.play", "mmc.play"},
        {"sysex.F07D01xxF7", "sysex.f07d01xxf7"},
        {"alive", "alive"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char name[64];

        assert_int_equal(midi_canonical(&rig, names[i][0], name, sizeof(name), &rig_reason), 0);
        assert_string_equal(name, names[i][1]);
    }
}

static void refuse(const char *name, const char *words)
{
    char canonical[64];

    assert_int_equal(midi_canonical(&rig, name, canonical, sizeof(canonical), &rig_reason), -EINVAL);
    if (!strstr(rig_reason.text, words))
        fail_msg("%s: %s", name, rig_reason.text);
}

static void test_what_is_no_name(void **state)
{
    refuse("ch16.cc1", "the MIDI channels are ch0 to ch15");
    refuse("ch99999999999999999999.cc1", "the MIDI channels are ch0 to ch15");
    refuse("ch1", "behind the MIDI channel stand a dot and what it is");
    refuse("ch0.note200", "behind note stands a number from 0 to 127");
    refuse("ch0.note-1", "did you mean \"ch0.note1\"?");
    refuse("ch0.nrpn16384", "behind nrpn stands a number from 0 to 16383");
    refuse("ch0.cc7x", "behind cc stands a number from 0 to 127");
    refuse("ch0.cc7+", "the number of the fine half");
    refuse("ch0.cc7+128", "the number of the fine half");
    refuse("ch0.cc7+7", "the halves of a pair have two numbers");
    refuse("ch0.note7+8", "only cc has pairs");
    refuse("ch0.pitch3", "pitch has no number");
    refuse("ch0.presure3", "did you mean \"ch0.pressure3\"?");
    refuse("channel11.notes60", "did you mean \"channel11.note60\"?");
    refuse("clok", "did you mean \"clock\"?");
    refuse("timecode.second", "did you mean \"timecode.seconds\"?");
    refuse("", "is not a channel of MIDI");
    refuse("ch", "is not a channel of MIDI");
    refuse("ch0.", "is not a channel of MIDI");
    refuse("msc.goo", "did you mean \"msc.go\"?");
    refuse("msc.go.", "the number of a cue");
    refuse("msc.go.a", "the number of a cue");
    refuse("msc.go.1/", "the number of a cue");
    refuse("mmc.play.1", "the number of a cue");
    refuse("mmc.go", "is none of its commands: stop, play");
    refuse("sysex.", "are missing");
    refuse("sysex.f0f7", "are missing");
    refuse("sysex.7", "pairs of hexadecimal digits");
    refuse("sysex.80", "pairs of hexadecimal digits");
    refuse("sysex.f7f7", "pairs of hexadecimal digits");
    refuse("sysex.7dxxxx", "the value stands at one xx");
    refuse("sysex.7dhh", "the value stands at one xx");
    refuse("sysex.7dxxhhll", "the value stands at one xx");
}

static void test_a_sysex_that_is_too_long(void **state)
{
    char name[256] = "sysex.";

    for (int i = 0; i < 94; i++)
        strcat(name, "01");
    rig_map(name);
    strcat(name, "01");
    refuse(name, "it has more than 96 bytes");
}

static void test_a_missing_number_counts_as_0(void **state)
{
    char name[64];

    assert_int_equal(midi_canonical(&rig, "ch2.note", name, sizeof(name), &rig_reason), 0);
    assert_int_equal(midi_channel(&rig, 0, name, FC_SOURCE, &rig_reason), FC_DOUBT);
    assert_string_equal(rig_reason.text, "\"ch2.note\" has no number and counts as note0");
    rig_take("92007f", "0=1 ");
    assert_int_equal(midi_channel(&rig, 1, "ch2.note0", FC_SOURCE, &rig_reason), -EINVAL);
}

static void test_what_others_send_cannot_be_set(void **state)
{
    static const char *const names[] = {"bpm", "timecode", "timecode.type", "alive", "msc.go.1", "mmc.stop"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(midi_channel(&rig, 0, names[i], FC_TARGET, &rig_reason), -EINVAL);
    assert_int_equal(rig.channels.n, 0);
}

static void test_a_controller_is_in_one_pair(void **state)
{
    static const char *const others[] = {"ch0.cc7+40", "ch0.cc8+39", "ch0.cc39+7", "ch0.cc39+8"};

    rig_map("ch0.cc7+39");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(midi_channel(&rig, 1, others[i], FC_SOURCE, &rig_reason), -EINVAL);
        assert_non_null(strstr(rig_reason.text, "one of them is in the pair cc7+39 already"));
    }
    rig_map("ch1.cc7+40");
    rig_map("ch0.cc7");
    rig_take("b00740", "2=0.5039 0=0.5039 ");
}

static void test_directions_change(void **state)
{
    uint32_t id = rig_map("ch0.cc7");

    assert_int_equal(midi_channel(&rig, id, "ch0.cc7", FC_TARGET, &rig_reason), 0);
    rig_take("b00740", "");
    assert_int_equal(midi_channel(&rig, id, "ch0.cc7", FC_SOURCE, &rig_reason), 0);
    rig_take("b00740", "0=0.5039 ");
    assert_int_equal(rig.channels.n, 1);
}

static void test_options(void **state)
{
    assert_true(midi_has_option("epn-tx") && midi_has_option("note-off") && !midi_has_option("read"));
    assert_int_equal(midi_configure(&rig, "epn-tx", "short", &rig_reason), 0);
    assert_true(rig.out.is_short);
    assert_int_equal(midi_configure(&rig, "epn-tx", "full", &rig_reason), 0);
    assert_false(rig.out.is_short);
    assert_int_equal(midi_configure(&rig, "epn-tx", "brief", &rig_reason), FC_DOUBT);
    assert_string_equal(rig_reason.text, "epn-tx is full or short; \"brief\" counts as full");
    assert_int_equal(midi_configure(&rig, "note-off", "on", &rig_reason), 0);
    assert_true(rig.out.has_note_off);
    assert_int_equal(midi_configure(&rig, "note-off", "1", &rig_reason), FC_DOUBT);
    assert_false(rig.out.has_note_off);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_spelling, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_name, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_a_sysex_that_is_too_long, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_a_missing_number_counts_as_0, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_what_others_send_cannot_be_set, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_a_controller_is_in_one_pair, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_directions_change, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_options, rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
