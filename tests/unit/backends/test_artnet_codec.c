/* SPDX-License-Identifier: BSD-2-Clause */
/* Art-Net packets, byte by byte as the specification has them, and everything that is wrong with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "broker/backends/artnet_codec.h"

#define BYTES(literal) (const uint8_t *)(literal), (sizeof(literal) - 1)
#define ID             "Art-Net\0"

static struct artnet_packet packet;

static void read_packet(const uint8_t *data, size_t bytes)
{
    const char *what = NULL;

    if (artnet_codec_read(data, bytes, &packet, &what) != 0)
        fail_msg("refused: %s", what);
}

static void assert_bad(const uint8_t *data, size_t bytes, const char *expected)
{
    const char *what = NULL;

    assert_int_equal(artnet_codec_read(data, bytes, &packet, &what), -EBADMSG);
    assert_string_equal(what, expected);
}

static void test_dmx(void **state)
{
    read_packet(BYTES(ID "\0\x50\0\x0e\x07\x01\x23\x05\0\x03\xff\x01\x02"));
    assert_int_equal(packet.kind, ARTNET_DMX);
    assert_int_equal(packet.dmx.sequence, 7);
    assert_int_equal(packet.dmx.address, 0x0523);
    assert_int_equal(packet.dmx.n, 3);
    assert_memory_equal(packet.dmx.data, "\xff\x01\x02", 3);
    read_packet(BYTES(ID "\0\x50\0\x0f\0\0\0\xff\0\x01\xaa and more")); /* a later version, a bit too much */
    assert_int_equal(packet.dmx.address, 0x7f00);
    assert_int_equal(packet.dmx.n, 1);
}

static void test_malformed_dmx(void **state)
{
    assert_bad(BYTES(ID "\0\x50\0\x0e\0\0\0\0\0"), "an ArtDmx packet that is too short");
    assert_bad(BYTES(ID "\0\x50\0\x0e"), "an ArtDmx packet that is too short");
    assert_bad(BYTES(ID "\0\x50\0\x0e\0\0\0\0\0\0"), "an ArtDmx packet with a wrong number of slots");
    assert_bad(BYTES(ID "\0\x50\0\x0e\0\0\0\0\x02\x01"), "an ArtDmx packet with a wrong number of slots");
    assert_bad(BYTES(ID "\0\x50\0\x0e\0\0\0\0\xff\xff"), "an ArtDmx packet with a wrong number of slots");
    assert_bad(BYTES(ID "\0\x50\0\x0e\0\0\0\0\0\x04\1\2\3"),
               "an ArtDmx packet with fewer slots than it says");
    assert_bad(BYTES(ID "\0\x50\0\x0e\0\0\0\0\x02\0\1\2\3"),
               "an ArtDmx packet with fewer slots than it says");
}

static void test_what_is_not_artnet(void **state)
{
    assert_bad(BYTES(""), "a packet that is not Art-Net");
    assert_bad(BYTES("Art-Net"), "a packet that is not Art-Net");
    assert_bad(BYTES(ID "\0\x50\0"), "a packet that is not Art-Net");
    assert_bad(BYTES("Art-Net!\0\x50\0\x0e\0\0\0\0\0\x02\1\2"), "a packet that is not Art-Net");
    assert_bad(BYTES("art-net\0\0\x50\0\x0e\0\0\0\0\0\x02\1\2"), "a packet that is not Art-Net");
    assert_bad(BYTES(ID "\0\x50\0\x0d\0\0\0\0\0\x02\1\2"), "an Art-Net packet of a version before 14");
}

static void test_other_kinds_are_no_mistake(void **state)
{
    read_packet(BYTES(ID "\0\x99\0\x0e")); /* ArtTrigger */
    assert_int_equal(packet.kind, ARTNET_OTHER);
    read_packet(BYTES(ID "\xff\xff\0\0"));
    assert_int_equal(packet.kind, ARTNET_OTHER);
}

static void test_poll(void **state)
{
    read_packet(BYTES(ID "\0\x20\0\x0e\x02\0"));
    assert_int_equal(packet.kind, ARTNET_POLL);
    assert_true(!packet.poll.is_targeted && packet.poll.low == 0 && packet.poll.high == 0x7fff);
    read_packet(BYTES(ID "\0\x20\0\x0e\x20\0\x12\x34\x01\x02\0\0"));
    assert_true(packet.poll.is_targeted && packet.poll.low == 0x102 && packet.poll.high == 0x1234);
    read_packet(BYTES(ID "\0\x20\0\x0e\x20\0\x12\x34")); /* targeted, but at what? */
    assert_true(!packet.poll.is_targeted && packet.poll.high == 0x7fff);
    assert_bad(BYTES(ID "\0\x20\0\x0e\x02"), "an ArtPoll packet that is too short");
}

static void test_sync(void **state)
{
    read_packet(BYTES(ID "\0\x52\0\x0e\0\0"));
    assert_int_equal(packet.kind, ARTNET_SYNC);
    assert_bad(BYTES(ID "\0\x52\0\x0e\0"), "an ArtSync packet that is too short");
}

static void test_time(void **state)
{
    static const uint8_t wrong[][5] = {
        {30, 0, 0, 0, 0}, {0, 60, 0, 0, 0}, {0, 0, 60, 0, 0}, {0, 0, 0, 24, 0}, {0, 0, 0, 0, 4}};
    uint8_t data[ARTNET_TIME_BYTES] = ID "\0\x97\0\x0e\0\0\x1d\x3b\x3b\x17\x03";

    read_packet(data, sizeof(data));
    assert_int_equal(packet.kind, ARTNET_TIMECODE);
    assert_memory_equal(&packet.time, "\x1d\x3b\x3b\x17\x03", 5);
    assert_bad(data, sizeof(data) - 1, "an ArtTimeCode packet that is too short");
    for (size_t i = 0; i < 5; i++) {
        memcpy(data + 14, wrong[i], 5);
        assert_bad(data, sizeof(data), "an ArtTimeCode packet with a time that does not exist");
    }
}

static void test_reply(void **state)
{
    uint8_t data[ARTNET_REPLY_BYTES] = ID "\0\x21";

    data[14] = 0x36, data[15] = 0x19; /* port 6454, lowest byte first */
    data[18] = 0x81;                  /* net 1: the highest bit is not part of it */
    data[19] = 0xf2;                  /* sub-net 2 */
    data[173] = 4;
    data[174] = 0x80, data[175] = 0x40, data[176] = 0xc5, data[177] = 0x80;
    data[190] = 0x01, data[191] = 0x02, data[192] = 0xf3, data[193] = 0x04;
    data[211] = 9;
    read_packet(data, sizeof(data));
    assert_int_equal(packet.kind, ARTNET_REPLY);
    assert_int_equal(packet.reply.port, 6454);
    assert_int_equal(packet.reply.bind_index, 9);
    assert_int_equal(packet.reply.n_outputs, 3);
    assert_int_equal(packet.reply.outputs[0], 0x121);
    assert_int_equal(packet.reply.outputs[1], 0x123);
    assert_int_equal(packet.reply.outputs[2], 0x124);
    data[14] = 0x19, data[15] = 0x36; /* the wrong way round */
    read_packet(data, sizeof(data));
    assert_int_equal(packet.reply.port, 6454);
    data[14] = 0x34, data[15] = 0x12; /* any other is what it says */
    read_packet(data, sizeof(data));
    assert_int_equal(packet.reply.port, 0x1234);
    read_packet(data, ARTNET_MIN_REPLY_BYTES); /* an old node */
    assert_int_equal(packet.reply.bind_index, 0);
    data[172] = 0xff; /* more ports than there is room for */
    read_packet(data, sizeof(data));
    assert_int_equal(packet.reply.n_outputs, 3);
    assert_bad(data, ARTNET_MIN_REPLY_BYTES - 1, "an ArtPollReply packet that is too short");
}

static void test_writing_dmx(void **state)
{
    uint8_t frame[DMX_SLOTS] = {1, 2, 3}, out[ARTNET_DMX_BYTES];

    frame[511] = 0xfe;
    artnet_codec_write_dmx(out, 0x7f21, 255, frame);
    assert_memory_equal(out, ID "\0\x50\0\x0e\xff\0\x21\x7f\x02\0\x01\x02\x03", 21);
    assert_int_equal(out[ARTNET_DMX_BYTES - 1], 0xfe);
    read_packet(out, sizeof(out));
    assert_true(packet.dmx.address == 0x7f21 && packet.dmx.sequence == 255 && packet.dmx.n == 512);
    assert_memory_equal(packet.dmx.data, frame, sizeof(frame));
}

static void test_writing_poll_and_sync(void **state)
{
    uint8_t out[ARTNET_POLL_BYTES];

    artnet_codec_write_poll(out);
    assert_memory_equal(out, ID "\0\x20\0\x0e\0\0", sizeof(out));
    artnet_codec_write_sync(out);
    assert_memory_equal(out, ID "\0\x52\0\x0e\0\0", sizeof(out));
}

static void test_writing_a_reply(void **state)
{
    struct artnet_port_report report = {.ip = {10, 0, 0, 5},
                                        .udp_port = 6454,
                                        .address = 0x1234,
                                        .bind_index = 3,
                                        .name = "an instance with a long name"};
    uint8_t out[ARTNET_REPLY_BYTES];

    artnet_codec_write_reply(out, &report);
    assert_memory_equal(out, ID "\0\x21\x0a\0\0\x05\x36\x19\0\0\x12\x03\0\xff\0\xd0\xf0\x7f", 26);
    assert_string_equal((char *)out + 26, "an instance with ");
    assert_string_equal((char *)out + 44, "firecurtain: an instance with a long name");
    assert_string_equal((char *)out + 108, "#0001 [0000] running");
    assert_memory_equal(out + 172, "\0\x01\x80\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0\x04\0\0\0", 22);
    assert_memory_equal(out + 207, "\x0a\0\0\x05\x03\x08\xc0", 7);
    report.sends = report.is_alive = report.is_merging = report.is_ltp = true;
    report.n_polls = 12345;
    artnet_codec_write_reply(out, &report);
    assert_memory_equal(out + 174, "\xc0\0\0\0\x80\0\0\0\x8a", 9);
    assert_string_equal((char *)out + 108, "#0001 [2345] running");
    read_packet(out, sizeof(out));
    assert_true(packet.reply.n_outputs == 1 && packet.reply.outputs[0] == 0x1234);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dmx),
        cmocka_unit_test(test_malformed_dmx),
        cmocka_unit_test(test_what_is_not_artnet),
        cmocka_unit_test(test_other_kinds_are_no_mistake),
        cmocka_unit_test(test_poll),
        cmocka_unit_test(test_sync),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_reply),
        cmocka_unit_test(test_writing_dmx),
        cmocka_unit_test(test_writing_poll_and_sync),
        cmocka_unit_test(test_writing_a_reply),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
