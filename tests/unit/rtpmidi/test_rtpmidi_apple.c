/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of sessions, byte by byte as Apple's network MIDI has them, and what is wrong with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "broker/rtpmidi/apple.h"

#define BYTES(literal) (const uint8_t *)(literal), (sizeof(literal) - 1)

static struct rtpmidi_apple packet;

static void read_packet(const uint8_t *data, size_t bytes)
{
    const char *what = NULL;

    if (rtpmidi_apple_read(&packet, data, bytes, &what) != 0)
        fail_msg("refused: %s", what);
}

static void assert_written(const uint8_t *data, size_t bytes)
{
    uint8_t out[RTPMIDI_APPLE_BYTES];

    assert_int_equal(rtpmidi_apple_write(out, &packet), bytes);
    assert_memory_equal(out, data, bytes);
}

/* Asserts that bytes are read, and written again as they were. */
static void assert_both_ways(const uint8_t *data, size_t bytes)
{
    read_packet(data, bytes);
    assert_written(data, bytes);
}

static void assert_bad(const uint8_t *data, size_t bytes, const char *expected)
{
    const char *what = NULL;

    assert_int_equal(rtpmidi_apple_read(&packet, data, bytes, &what), -EBADMSG);
    assert_string_equal(what, expected);
}

static void test_invitations(void **state)
{
    assert_both_ways(BYTES("\xff\xff"
                           "IN\0\0\0\2\x01\x02\x03\x04\xde\xad\xbe\xef"
                           "stage\0"));
    assert_int_equal(packet.command, RTPMIDI_IN);
    assert_int_equal(packet.token, 0x01020304);
    assert_int_equal(packet.ssrc, 0xdeadbeef);
    assert_string_equal(packet.name, "stage");
    assert_both_ways(BYTES("\xff\xff"
                           "OK\0\0\0\2\x01\x02\x03\x04\xde\xad\xbe\xef\0"));
    assert_both_ways(BYTES("\xff\xff"
                           "NO\0\0\0\2\x01\x02\x03\x04\xde\xad\xbe\xef"));
    assert_both_ways(BYTES("\xff\xff"
                           "BY\0\0\0\2\x01\x02\x03\x04\xde\xad\xbe\xef"));
}

static void test_names_without_an_end_and_too_long_ones(void **state)
{
    uint8_t data[16 + 200] = "\xff\xffIN\0\0\0\2";

    read_packet(BYTES("\xff\xff"
                      "IN\0\0\0\2\0\0\0\0\0\0\0\0abc"));
    assert_string_equal(packet.name, "abc");
    read_packet(data, 16);
    assert_string_equal(packet.name, "");
    memset(data + 16, 'x', 200);
    read_packet(data, sizeof(data));
    assert_int_equal(strlen(packet.name), RTPMIDI_NAME_BYTES - 1);
}

/* They are shown to people, in places that take nothing but text. */
static void test_names_are_text(void **state)
{
    uint8_t data[16 + 200] = "\xff\xffIN\0\0\0\2";

    read_packet(BYTES("\xff\xff"
                      "IN\0\0\0\2\0\0\0\0\0\0\0\0caf\xe9 \x1b[0m caf\xc3\xa9"));
    assert_string_equal(packet.name, "caf? ?[0m caf\xc3\xa9");
    read_packet(BYTES("\xff\xff"
                      "IN\0\0\0\2\0\0\0\0\0\0\0\0a\xe2\x82"));
    assert_string_equal(packet.name, "a??");
    memset(data + 16, 'x', 200);
    memcpy(data + 16 + RTPMIDI_NAME_BYTES - 2, "\xc3\xa9", 2);
    read_packet(data, sizeof(data));
    assert_int_equal(strlen(packet.name), RTPMIDI_NAME_BYTES - 2); /* cut before the last character */
}

static void test_clocks_receipts_and_limits(void **state)
{
    assert_both_ways(BYTES("\xff\xff"
                           "CK\0\0\0\7\1\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\3"));
    assert_int_equal(packet.ssrc, 7);
    assert_int_equal(packet.count, 1);
    assert_int_equal(packet.times[0], 1);
    assert_int_equal(packet.times[1], 0x100000002);
    assert_int_equal(packet.times[2], 3);
    assert_both_ways(BYTES("\xff\xff"
                           "RS\0\0\0\7\x12\x34\0\0"));
    assert_int_equal(packet.sequence, 0x1234);
    assert_both_ways(BYTES("\xff\xff"
                           "RL\0\0\0\7\0\1\0\0"));
    assert_int_equal(packet.limit, 0x10000);
}

static void test_what_is_wrong(void **state)
{
    const char *is_short = "a packet of a session that is too short";

    assert_bad(BYTES("\xff\xffI"), "a packet that belongs to no session");
    assert_bad(BYTES("\x80\x61IN"), "a packet that belongs to no session");
    assert_bad(BYTES("\xff\xffXX"), "a packet of a session with an unknown command");
    assert_bad(BYTES("\xff\xff"
                     "IN\0\0\0\2\0\0\0\0\0\0\0"),
               is_short);
    assert_bad(BYTES("\xff\xff"
                     "IN\0\0\0\3\0\0\0\0\0\0\0\0\0"),
               "a packet of a session of another version than 2");
    assert_bad(BYTES("\xff\xff"
                     "RS\0\0\0\7\x12\x34\0"),
               is_short);
    assert_bad(BYTES("\xff\xff"
                     "CK\0\0\0\7\3\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\3"),
               "a clock of a session that is too short, or none of the three");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_invitations),    cmocka_unit_test(test_names_without_an_end_and_too_long_ones),
        cmocka_unit_test(test_names_are_text), cmocka_unit_test(test_clocks_receipts_and_limits),
        cmocka_unit_test(test_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
