/* SPDX-License-Identifier: BSD-2-Clause */
/* Headers and lists of MIDI commands, byte by byte as RFC 6295 has them, and what is wrong with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "broker/rtpmidi/list.h"
#include "broker/rtpmidi/packet.h"
#include "tests/unit/rtpmidi/played.h"

#define BYTES(literal) (const uint8_t *)(literal), (sizeof(literal) - 1)

static struct rtpmidi_sysex sysex;
static struct rtpmidi_packet packet;

/* Asserts what a list without a first time plays, and what is wrong with it, or NULL. */
static void assert_list(const uint8_t *list, size_t bytes, const char *expected, const char *wrong)
{
    const char *what = NULL;
    int r = rtpmidi_list_read(&sysex, list, bytes, false, play, NULL, &what);

    assert_int_equal(r, wrong ? -EBADMSG : 0);
    if (wrong)
        assert_string_equal(what, wrong);
    assert_played(expected);
}

static void test_commands(void **state)
{
    assert_list(BYTES(""), "", NULL);
    assert_list(BYTES("\x90\x40\x7f\0\x80\x40\0\0\xc1\x05\0\xd2\x06\0\xe3\0\x40\0\xa4\1\2\0\xb5\7\x64"),
                "90 40 7f, 80 40 00, c1 05, d2 06, e3 00 40, a4 01 02, b5 07 64", NULL);
    assert_list(BYTES("\xf1\x23\0\xf2\1\2\0\xf3\4\0\xf6"), "f1 23, f2 01 02, f3 04, f6", NULL);
}

static void test_times_are_skipped(void **state)
{
    const char *what;

    assert_int_equal(rtpmidi_list_read(&sysex, BYTES("\x81\x00\xc0\1\xff\xff\xff\x7f\xc0\2\x05\xc0\3"), true,
                                       play, NULL, &what),
                     0);
    assert_played("c0 01, c0 02, c0 03");
    assert_list(BYTES("\xc0\1\xff\xff\xff\xff\0\xc0\2"), "c0 01", "MIDI with a time of more than four bytes");
    assert_list(BYTES("\xc0\1\xff"), "c0 01", "MIDI that ends within a time");
}

static void test_the_last_command_may_be_empty(void **state)
{
    assert_list(BYTES("\xc0\1\x05"), "c0 01", NULL);
}

static void test_running_status(void **state)
{
    assert_list(BYTES("\xb0\7\1\0\7\2\0\xf8\0\7\3"), "b0 07 01, b0 07 02, f8, b0 07 03", NULL);
    assert_list(BYTES("\xb0\7\1\0\xf6\0\7\2"), "b0 07 01, f6", "MIDI without a status");
    assert_list(BYTES("\7\2"), "", "MIDI without a status");
}

static void test_real_time_stands_anywhere(void **state)
{
    assert_list(BYTES("\x90\xf8\x40\xfe\x7f"), "f8, fe, 90 40 7f", NULL);
    assert_list(BYTES("\xf0\1\xfa\2\xf7"), "fa, f0 01 02 f7", NULL);
    assert_list(BYTES("\xf8\0\xff"), "f8, ff", NULL);
}

static void test_exclusive_in_segments(void **state)
{
    assert_list(BYTES("\xf0\1\2\xf7"), "f0 01 02 f7", NULL);
    assert_list(BYTES("\xf0\1\2\xf0\0\xf8\0\xf7\3\xf0"), "f8", NULL);
    assert_list(BYTES("\xf7\4\xf7\0\xc0\1"), "f0 01 02 03 04 f7, c0 01", NULL);
    assert_list(BYTES("\xf0\1\2\xf0"), "", NULL);
    assert_list(BYTES("\xf7\3\xf4\0\xf7\4\xf7"), "", NULL); /* cancelled; and then a segment of nothing */
    assert_list(BYTES("\xf0\1\xf0\0\xf0\2\xf7"), "f0 02 f7", NULL);
    assert_list(BYTES("\xf0\1\x90\2\3"), "", "MIDI with a command in a system exclusive message");
    assert_list(BYTES("\xf0\1"), "", "MIDI that ends within a system exclusive message");
    assert_list(BYTES("\xf7\4\xf7"), "", NULL);
}

static void test_exclusive_messages_have_an_end(void **state)
{
    uint8_t list[RTPMIDI_SYSEX_BYTES + 1] = {0xf0};

    list[RTPMIDI_SYSEX_BYTES] = 0xf7;
    assert_list(list, sizeof(list), "", NULL);
    list[RTPMIDI_SYSEX_BYTES - 1] = 0xf7;
    assert_int_equal(rtpmidi_list_read(&sysex, list, RTPMIDI_SYSEX_BYTES, false, play, NULL, NULL), 0);
    assert_int_equal(strlen(played), 3 * RTPMIDI_SYSEX_BYTES - 1);
    played[0] = '\0';
}

static void test_undefined_commands_are_skipped(void **state)
{
    assert_list(BYTES("\xc0\1\0\xf4\1\2\3\xf7\0\xc0\2\0\xf5"), "c0 01, c0 02", NULL);
}

static void test_commands_that_are_cut_off(void **state)
{
    assert_list(BYTES("\x90\x40"), "", "MIDI that ends within a command");
    assert_list(BYTES("\x90\x40\xb0\1\2"), "", "MIDI with a command in the midst of another");
}

static void test_writing(void **state)
{
    uint8_t out[16];
    struct rtpmidi_list list = {.out = out, .room = sizeof(out)};

    assert_true(rtpmidi_list_add(&list, BYTES("\xb0\7\1")));
    assert_true(rtpmidi_list_add(&list, BYTES("\xb0\7\2")));
    assert_true(rtpmidi_list_add(&list, BYTES("\xf8")));
    assert_true(rtpmidi_list_add(&list, BYTES("\xb0\7\3")));
    assert_true(rtpmidi_list_add(&list, BYTES("\x90\1\2")));
    assert_false(rtpmidi_list_add(&list, BYTES("\x90\3\4")));
    assert_int_equal(list.bytes, 15);
    assert_memory_equal(out, "\xb0\7\1\0\7\2\0\xf8\0\7\3\0\x90\1\2", 15);
}

static void test_writing_segments(void **state)
{
    static const uint8_t message[] = "\xf0\1\2\3\4\5\6\xf7";
    uint8_t out[5];
    size_t done = 0;
    unsigned n = 1;
    bool is_last = false;

    for (; !is_last; n++) {
        struct rtpmidi_list list = {.out = out, .room = sizeof(out)};

        is_last = rtpmidi_list_add_segment(&list, message, 8, &done);
        assert_list(out, list.bytes, is_last ? "f0 01 02 03 04 05 06 f7" : "", NULL);
        assert_true(n < 5);
    }
    assert_int_equal(n, 3);
}

static void read_packet(const uint8_t *data, size_t bytes)
{
    const char *what = NULL;

    if (rtpmidi_packet_read(&packet, data, bytes, &what) != 0)
        fail_msg("refused: %s", what);
}

#define RTP "\x61\x12\x34\0\0\0\1\xde\xad\xbe\xef"

static void test_headers(void **state)
{
    read_packet(BYTES("\x80" RTP "\x03\x90\x40\x7f"));
    assert_int_equal(packet.sequence, 0x1234);
    assert_int_equal(packet.timestamp, 1);
    assert_int_equal(packet.ssrc, 0xdeadbeef);
    assert_int_equal(packet.list_bytes, 3);
    assert_false(packet.has_first_delta);
    assert_null(packet.journal);
    read_packet(BYTES("\x80" RTP "\xf0\x03\x90\x40\x7f\x20\0\1")); /* B, J, Z and P */
    assert_int_equal(packet.list_bytes, 3);
    assert_true(packet.has_first_delta);
    assert_int_equal(packet.journal_bytes, 3);
    read_packet(
        BYTES("\xb1" RTP "\1\2\3\4\0\0\0\1\5\5\5\5\x02\xc0\1\0\0\3")); /* source, extension, padding */
    assert_int_equal(packet.list_bytes, 2);
    assert_memory_equal(packet.list, "\xc0\1", 2);
    read_packet(BYTES("\x80" RTP "\0")); /* an empty list */
    assert_int_equal(packet.list_bytes, 0);
}

static void assert_bad(const uint8_t *data, size_t bytes, const char *expected)
{
    const char *what = NULL;

    assert_int_equal(rtpmidi_packet_read(&packet, data, bytes, &what), -EBADMSG);
    assert_string_equal(what, expected);
}

static void test_headers_that_lie(void **state)
{
    assert_bad(BYTES(""), "a packet that is not RTP");
    assert_bad(BYTES("\x40" RTP "\0"), "a packet that is not RTP");
    assert_bad(BYTES("\x80\x21\x12\x34\0\0\0\1\xde\xad\xbe\xef\0"),
               "an RTP packet of a type that cannot be MIDI");
    assert_bad(BYTES("\x80" RTP), "an RTP packet without MIDI");
    assert_bad(BYTES("\x8f" RTP "\0"), "an RTP packet without MIDI");
    assert_bad(BYTES("\x90" RTP "\0\0\xff\xff\0"), "an RTP packet without MIDI");
    assert_bad(BYTES("\x90" RTP "\0\0"), "an RTP packet without MIDI");
    assert_bad(BYTES("\xa0" RTP "\0\xff"), "an RTP packet without MIDI");
    assert_bad(BYTES("\xa0" RTP "\0\0"), "an RTP packet without MIDI");
    assert_bad(BYTES("\x80" RTP "\x80"), "an RTP packet without MIDI");
    assert_bad(BYTES("\x80" RTP "\x03\x90\x40"), "an RTP packet with less MIDI than it says");
    assert_bad(BYTES("\x80" RTP "\x8f\xff\x90\x40"), "an RTP packet with less MIDI than it says");
}

static void test_headers_are_written(void **state)
{
    struct rtpmidi_packet made = {
        .sequence = 0x1234,
        .timestamp = 1,
        .ssrc = 0xdeadbeef,
        .list = (const uint8_t *)"\xc0\1",
        .list_bytes = 2,
        .journal = (const uint8_t *)"\x80\0\1",
        .journal_bytes = 3,
    };
    uint8_t out[19];

    assert_int_equal(rtpmidi_packet_write(out, sizeof(out), &made), 19);
    assert_memory_equal(out, "\x80\xe1\x12\x34\0\0\0\1\xde\xad\xbe\xef\xc0\x02\xc0\1\x80\0\1", 19);
    assert_int_equal(rtpmidi_packet_write(out, 18, &made), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_times_are_skipped),
        cmocka_unit_test(test_the_last_command_may_be_empty),
        cmocka_unit_test(test_running_status),
        cmocka_unit_test(test_real_time_stands_anywhere),
        cmocka_unit_test(test_exclusive_in_segments),
        cmocka_unit_test(test_exclusive_messages_have_an_end),
        cmocka_unit_test(test_undefined_commands_are_skipped),
        cmocka_unit_test(test_commands_that_are_cut_off),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_writing_segments),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_headers_that_lie),
        cmocka_unit_test(test_headers_are_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
