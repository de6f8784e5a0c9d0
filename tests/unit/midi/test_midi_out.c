/* SPDX-License-Identifier: BSD-2-Clause */
/* Values as MIDI messages, and back. */
#include "broker/midi/value.h"
#include "tests/unit/midi/midi_rig.h"

static void test_values_are_rounded(void **state)
{
    uint32_t cc = rig_map("ch0.cc7"), pitch = rig_map("ch1.pitch"), after = rig_map("ch2.aftertouch"),
             program = rig_map("ch3.program"), pressure = rig_map("ch4.pressure5"),
             position = rig_map("position");

    rig_set(cc, 0.5, "b00740 ");
    rig_set(cc, 1, "b0077f ");
    rig_set(cc, 0.003, "b00700 ");
    rig_set(pitch, 0.5, "e10040 ");
    rig_set(pitch, 0, "e10000 ");
    rig_set(pitch, 1, "e17f7f ");
    rig_set(after, 1, "d27f ");
    rig_set(program, 5 / 127.0, "c305 ");
    rig_set(pressure, 1, "a4057f ");
    rig_set(position, 1, "f27f7f ");
}

static void test_notes(void **state)
{
    uint32_t note = rig_map("ch9.note60");

    rig_set(note, 1, "993c7f ");
    rig_set(note, 0, "993c00 ");
    rig.out.has_note_off = true;
    rig_set(note, 0.5, "993c40 ");
    rig_set(note, 0.001, "893c40 ");
}

static void test_notes_are_ended(void **state)
{
    uint32_t first = rig_map("ch0.note0"), last = rig_map("ch15.note127"), over = rig_map("ch3.note7");

    rig_set(last, 1, "9f7f7f ");
    rig_set(first, 0.5, "900040 ");
    rig_set(over, 0.5, "930740 ");
    rig_set(over, 0, "930700 ");
    rig_sent[0] = '\0';
    midi_out_silence(&rig.out);
    assert_string_equal(rig_sent, "900000 9f7f00 ");
    rig_sent[0] = '\0';
    midi_out_silence(&rig.out);
    assert_string_equal(rig_sent, "");
}

static void test_parameters(void **state)
{
    uint32_t nrpn = rig_map("ch0.nrpn900"), rpn = rig_map("ch1.rpn1");

    rig_set(nrpn, 0.5, "b06307 b06204 b00640 b02600 b0657f b0647f ");
    rig_set(rpn, 1, "b16500 b16401 b1067f b1267f b1657f b1647f ");
    rig.out.is_short = true;
    rig_set(rpn, 0, "b16500 b16401 b10600 b12600 ");
}

static void test_pairs(void **state)
{
    rig_set(rig_map("ch2.cc7+39"), 8193 / 16383.0, "b20740 b22701 ");
}

static void test_transport(void **state)
{
    uint32_t start = rig_map("start"), stop = rig_map("stop"), go_on = rig_map("continue"),
             clock = rig_map("clock");

    rig_set(start, 1, "fa ");
    rig_set(start, 0, "");
    rig_set(stop, 1, "fc ");
    rig_set(go_on, 0.1, "fb ");
    rig_set(clock, 0, "f8 ");
    rig_set(clock, 0.5, "f8 ");
}

static void test_exclusive_messages(void **state)
{
    uint32_t button = rig_map("sysex.7d0102"), master = rig_map("sysex.f07f7f0401llhhf7"),
             seven = rig_map("sysex.7dXX");

    rig_set(button, 1, "f07d0102f7 ");
    rig_set(button, 0, "");
    rig_set(master, 8193 / 16383.0, "f07f7f04010140f7 ");
    rig_set(seven, 0.5, "f07d40f7 ");
    rig_set(seven, 0, "f07d00f7 ");
}

static void test_what_was_set_is_sent_again(void **state)
{
    uint32_t cc = rig_map("ch0.cc7"), start = rig_map("start"), button = rig_map("sysex.7d0102");

    rig_map("ch0.cc8");
    rig_set(cc, 0.25, "b00720 ");
    rig_set(cc, 0.5, "b00740 ");
    rig_set(start, 1, "fa ");
    rig_set(button, 1, "f07d0102f7 ");
    rig_set(99, 1, "");
    rig_sent[0] = '\0';
    midi_send_again(&rig);
    assert_string_equal(rig_sent, "b00740 ");
}

/* What is sent comes back as the value that it was, even if that was a float in between. */
static void come_back(const char *name, unsigned max)
{
    uint32_t id = rig_map(name);

    for (unsigned x = 0; x <= max; x++) {
        double value = (double)x / max, expected = value;
        char sent[64];

        if (strstr(name, "pitch") && x == MIDI_CENTRE)
            expected = 0.5;
        rig_sent[0] = rig_events[0] = '\0';
        midi_set(&rig, id, (float)value);
        snprintf(sent, sizeof(sent), "%s", rig_sent);
        sent[strlen(sent) - 1] = '\0';
        snprintf(rig_events, sizeof(rig_events), "-");
        rig_value = -1;
        for (char *word = strtok(sent, " "); word; word = strtok(NULL, " ")) {
            uint8_t bytes[8];
            size_t n = strlen(word) / 2;

            for (size_t i = 0; i < n; i++) {
                unsigned byte;

                sscanf(word + 2 * i, "%2x", &byte);
                bytes[i] = (uint8_t)byte;
            }
            assert_int_equal(midi_in(&rig.in, bytes, n, 0), 0);
        }
        midi_in_end(&rig.in);
        assert_double(rig_value, expected);
    }
}

static void test_round_trips(void **state)
{
    come_back("ch0.cc7", 127);
    come_back("ch0.note1", 127);
    come_back("ch0.program", 127);
    come_back("ch0.aftertouch", 127);
    come_back("ch0.pressure1", 127);
    come_back("ch0.pitch", 16383);
    come_back("ch1.cc7+39", 16383);
    come_back("ch2.rpn1", 16383);
    come_back("ch3.nrpn1", 16383);
    come_back("position", 16383);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values_are_rounded, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_notes, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_notes_are_ended, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_parameters, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_pairs, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_transport, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_exclusive_messages, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_what_was_set_is_sent_again, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_round_trips, rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
