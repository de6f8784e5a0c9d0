/* SPDX-License-Identifier: BSD-2-Clause */
/* MIDI messages as events, and in words. */
#include "broker/midi/detect.h"
#include "tests/unit/midi/midi_rig.h"

static void test_messages_of_a_channel(void **state)
{
    static const char *const names[] = {"ch0.cc7",   "ch1.note60",     "ch2.pressure3",
                                        "ch3.pitch", "ch4.aftertouch", "ch15.program"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        rig_map(names[i]);
    rig_take("b0077f b00700", "0=1 0=0 ");
    rig_take("913c7f 913c00 913c01 813c7f", "1=1 1=0 1=0.007874 1=0 ");
    rig_take("a2037f", "2=1 ");
    rig_take("e30000 e30040 e37f7f", "3=0 3=0.5 3=1 ");
    rig_take("d47f", "4=1 ");
    rig_take("cf7f", "5=1 ");
    rig_take("b0087f b1077f 903c7f 913d7f a2047f e40000 d57f ce7f", "");
}

static void test_pitch_at_rest_is_exactly_half(void **state)
{
    rig_map("ch0.pitch");
    rig_take("e00040", "0=0.5 ");
    assert_double(rig_value, 0.5);
    rig_take("e07f3f", "0=0.5 ");
    assert_true(rig_value < 0.5);
    rig_take("e00140", "0=0.5001 ");
    assert_true(rig_value > 0.5);
}

static void test_parameters(void **state)
{
    rig_map("ch0.nrpn900");
    rig_map("ch0.rpn0");
    rig_take("b06307 b06204", "");
    rig_take("b00640 b02621", "0=0.502 "); /* both halves are one event */
    assert_double(rig_value, (64 * 128 + 33) / 16383.0);
    rig_take("b0067f", "0=1 "); /* the coarse one alone */
    rig_take("b02600", "0=0.9922 ");
    rig_take("b06500 b06400 b00600", "1=0 ");
    rig_take("b0657f b0647f b00640 b02600", ""); /* none is selected */
    rig_take("b06307 b00640", "0=0.5039 ");      /* the other half was known */
    rig_take("b16307 b16204 b10640", "");
}

static void test_data_without_a_parameter(void **state)
{
    rig_map("ch0.rpn0");
    rig_map("ch0.nrpn0");
    rig_map("ch0.cc6");
    rig_take("b00640", "2=0.5039 ");
    rig_take("b06500 b00640", "2=0.5039 ");
    rig_take("b06400 b00640", "2=0.5039 0=0.5039 ");
}

static void test_pairs(void **state)
{
    rig_map("ch0.cc7+39");
    rig_take("b00740 b02700", "0=0.5 ");
    assert_double(rig_value, 8192 / 16383.0);
    rig_take("b02701", "0=0.5001 ");
    assert_double(rig_value, 8193 / 16383.0);
    rig_take("b0077f", "0=1 ");
    rig_take("b0077f b0277f", "0=1 ");
    rig_take("b00700 903c40 b02701", "0=0 0=6.104e-05 "); /* something in between */
    rig_take("b00700 f8 b02701", "0=6.104e-05 ");         /* real time may be anywhere */
    rig_take("b00700 b12701", "0=0 ");
}

static void test_a_pair_whose_halves_are_a_parameters(void **state)
{
    rig_map("ch0.cc6+38");
    rig_map("ch0.rpn1");
    rig_take("b06500 b06401 b00601 b02602", "0=0.007935 1=0.007935 ");
}

static void tick(unsigned n, uint64_t every_ns)
{
    for (; n; n--) {
        static const uint8_t message = 0xf8;

        rig_now_ns += every_ns;
        assert_int_equal(midi_in(&rig.in, &message, 1, rig_now_ns), 0);
    }
}

static void test_clock(void **state)
{
    rig_map("clock");
    rig_map("start");
    rig_map("stop");
    rig_map("continue");
    rig_map("position");
    rig_take("f8 f8", "0=0 0=0.04167 ");
    rig_take("fa f8 fc fb", "1=1 0=0 2=1 3=1 ");
    rig_take("f20600 f8 f27f7f", "4=0.0003662 0=0.5 4=1 ");
}

static void test_tempo(void **state)
{
    rig_map("bpm");
    tick(24, FC_NS_PER_S / 48);
    assert_string_equal(rig_events, ""); /* 24 ticks have 23 distances */
    tick(1, FC_NS_PER_S / 48);
    assert_string_equal(rig_events, "0=0.4706 ");
    assert_double(rig_value, 120 / 255.0);
    tick(240, FC_NS_PER_S / 48);
    assert_string_equal(rig_events, "0=0.4706 "); /* it is no news */
    tick(48, FC_NS_PER_S / 40);
    assert_double(rig_value, 100 / 255.0);
    rig_events[0] = '\0';
    tick(1, 5 * FC_NS_PER_S); /* a pause is no tempo */
    tick(23, FC_NS_PER_S / 40);
    assert_string_equal(rig_events, "");
    tick(24, FC_NS_PER_S / 60);
    assert_string_equal(rig_events, "0=0.5882 ");
    tick(48, FC_NS_PER_MS);
    assert_double(rig_value, 1); /* faster than can be said */
}

static void test_time_in_quarter_frames(void **state)
{
    rig_map("timecode");
    rig_map("timecode.hours");
    rig_map("timecode.minutes");
    rig_map("timecode.seconds");
    rig_map("timecode.frames");
    rig_map("timecode.type");
    /* 01:02:03:04, 25 frames */
    rig_take("f104 f110 f123 f130 f142 f150 f161", "");
    rig_take("f172", "5=0.003922 1=0.003922 2=0.007843 3=0.01176 4=0.02353 0=0.04309 ");
    assert_double(rig_value, (3723 + 6 / 25.0) / 86400);
    rig_take("f106 f110 f123", "");
    rig_take("f130", "4=0.02745 0=0.04309 "); /* the frame between */
    rig_take("f142 f150 f161 f172", "4=0.03137 0=0.04309 ");
    rig_take("f110 f123 f130 f142 f150 f161 f172", ""); /* one was lost */
    rig_take("f10f f11f f12f f13f f14f f15f f16f f17f", "");
}

static void test_drop_frame(void **state)
{
    rig_map("timecode.minutes");
    rig_map("timecode.frames");
    /* 00:00:59:28 and two more: 0 and 1 do not exist in minute 1 */
    rig_take("f10c f111 f12b f133 f140 f150 f160 f174", "0=0.003922 1=0.007843 ");
    /* but in minute 10 */
    rig_take("f10c f111 f12b f133 f149 f150 f160 f174", "1=0.01176 0=0.03922 1=0 ");
}

static void test_time_at_once(void **state)
{
    rig_map("timecode");
    rig_take("f07f7f01012c000000f7", "0=0.5 ");
    rig_take("f07f7f010138000000f7", ""); /* the hour 24 */
    rig_take("f07f7f01012c00003cf7", ""); /* frame 60 */
}

static void test_show_control_commands(void **state)
{
    rig_map("msc.go");
    rig_map("msc.go.12.5");
    rig_map("msc.go.12.5/2");
    rig_map("msc.fire.7");
    rig_map("mmc.play");
    rig_map("msc.timedgo.3");
    rig_take("f07f7f020101f7", "0=1 ");
    rig_take("f07f01020101"
             "31322e35"
             "f7",
             "0=1 1=1 ");
    rig_take("f07f01020101"
             "31322e35"
             "0032"
             "f7",
             "0=1 1=1 2=1 ");
    rig_take("f07f01020101"
             "31322e35"
             "0033"
             "f7",
             "0=1 1=1 ");
    rig_take("f07f01020101"
             "31322e"
             "f7",
             "0=1 ");
    rig_take("f07f01020101"
             "31322e3530"
             "f7",
             "0=1 ");
    rig_take("f07f0102010707f7 f07f0102010708f7", "3=1 ");
    rig_take("f07f7f0602f7 f07f7f0601f7", "4=1 ");
    rig_take("f07f01020104"
             "0000000000"
             "33"
             "f7",
             "5=1 ");
    rig_take("f0f7 f07ff7 f07f7f02f7 f07f7f0201f7", "");
}

static void test_exclusive_messages(void **state)
{
    rig_map("sysex.7d01xx");
    rig_map("sysex.f07dllhhf7");
    rig_map("sysex.7d0203");
    rig_take("f07d017ff7 f07d0100f7", "0=1 1=0.9923 0=0 1=6.104e-05 ");
    rig_take("f07d0203f7", "1=0.02356 2=1 ");
    rig_take("f07d02f7 f07d020304f7 f07c0203f7", "");
}

static void test_alive_is_said_once(void **state)
{
    rig_map("alive");
    midi_in_alive(&rig.in, false);
    midi_in_alive(&rig.in, false);
    midi_in_alive(&rig.in, true);
    midi_in_alive(&rig.in, true);
    assert_string_equal(rig_events, "0=0 0=1 ");
}

static void test_what_is_no_message(void **state)
{
    static const struct {
        uint8_t bytes[4];
        size_t n;
    } bad[] = {
        {{0}, 0},
        {{0x40}, 1},
        {{0xb0, 7}, 2},
        {{0xb0, 7, 0x80}, 3},
        {{0xb0, 7, 1, 1}, 4},
        {{0xc0, 1, 1}, 3},
        {{0xf0}, 1},
        {{0xf0, 1}, 2},
        {{0xf7}, 1},
        {{0xf0, 0x80, 0xf7}, 3},
        {{0xf8, 1}, 2},
        {{0xf2, 1}, 2},
        {{0x7f, 0x7f}, 2},
        {{0xf0, 0xf7, 0xf7}, 3},
    };

    rig_map("ch0.cc7");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(midi_in(&rig.in, bad[i].bytes, bad[i].n, 0), -EBADMSG);
    rig_take("f6 fe ff f301 f0f7", ""); /* sound, and no channel's */
}

static void test_messages_in_words(void **state)
{
    static const struct {
        uint8_t bytes[12];
        size_t n;
        const char *words;
    } all[] = {
        {{0xb0, 7, 127}, 3, "ch0.cc7 = 1.000000"},
        {{0x91, 60, 64}, 3, "ch1.note60 = 0.503937"},
        {{0x81, 60, 64}, 3, "ch1.note60 = 0.000000"},
        {{0xe2, 0, 64}, 3, "ch2.pitch = 0.500000"},
        {{0xcf, 127}, 2, "ch15.program = 1.000000"},
        {{0xfa}, 1, "start = 1"},
        {{0xf0, 0x7d, 1, 0xf7}, 4, "sysex.7d01"},
        {{0xf0, 0x7f, 1, 2, 1, 1, '1', '2', 0, '3', 0xf7}, 11, "msc.go.12/3 = 1"},
    };
    char text[64];

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        assert_true(midi_detect(all[i].bytes, all[i].n, text, sizeof(text)));
        assert_string_equal(text, all[i].words);
    }
    assert_false(midi_detect((const uint8_t *)"\xf8", 1, text, sizeof(text)));
    assert_false(midi_detect((const uint8_t *)"\xfe", 1, text, sizeof(text)));
    assert_true(midi_detect(all[6].bytes, 4, text, 10));
    assert_string_equal(text, "sysex.7d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_messages_of_a_channel, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_pitch_at_rest_is_exactly_half, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_parameters, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_data_without_a_parameter, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_pairs, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_a_pair_whose_halves_are_a_parameters, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_clock, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_tempo, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_time_in_quarter_frames, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_drop_frame, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_time_at_once, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_show_control_commands, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_exclusive_messages, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_alive_is_said_once, rig_setup, rig_teardown),
        cmocka_unit_test(test_messages_in_words),
        cmocka_unit_test_setup_teardown(test_what_is_no_message, rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
