/* SPDX-License-Identifier: BSD-2-Clause */
/* sACN packets, byte by byte as the standard has them, and everything that is wrong with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "broker/backends/sacn_codec.h"
#include "broker/backends/sacn_name.h"

#define DISCOVERY_BYTES(n) SACN_DISCOVERY_BYTES((size_t)(n))

static const struct sacn_source source = {.cid = "0123456789abcde", .name = "Stage left"};
static const uint8_t frame_data[DMX_SLOTS] = {1, 2, 3, [511] = 0xfe};
static struct sacn_packet packet;
static uint8_t bytes[2048];

static void read_packet(size_t n)
{
    const char *what = NULL;

    if (sacn_codec_read(bytes, n, &packet, &what) != 0)
        fail_msg("refused: %s", what);
}

static void assert_bad(size_t n, const char *expected)
{
    const char *what = NULL;

    assert_int_equal(sacn_codec_read(bytes, n, &packet, &what), -EBADMSG);
    assert_string_equal(what, expected);
}

/* Writes a sound frame of 512 slots, to be spoiled. */
static void write_frame(void)
{
    const struct sacn_frame frame = {.priority = 150,
                                     .sync_universe = 0x0304,
                                     .sequence = 7,
                                     .is_last = true,
                                     .universe = 0x0102,
                                     .data = frame_data};

    sacn_codec_write_frame(bytes, &source, &frame);
}

static void test_writing_a_frame(void **state)
{
    write_frame();
    assert_memory_equal(bytes,
                        "\0\x10\0\0ASC-E1.17\0\0\0\x72\x6e\0\0\0\x04"
                        "0123456789abcde\0\x72\x58\0\0\0\x02Stage left\0",
                        55);
    assert_memory_equal(bytes + 108, "\x96\x03\x04\x07\x40\x01\x02\x72\x0b\x02\xa1\0\0\0\x01\x02\x01\0\1\2\3",
                        21);
    assert_int_equal(bytes[SACN_DATA_BYTES - 1], 0xfe);
}

static void test_reading_a_frame(void **state)
{
    write_frame();
    read_packet(SACN_DATA_BYTES);
    assert_int_equal(packet.kind, SACN_DATA);
    assert_memory_equal(packet.cid, source.cid, SACN_CID_BYTES);
    assert_string_equal(packet.name, "Stage left");
    assert_int_equal(packet.frame.priority, 150);
    assert_int_equal(packet.frame.sync_universe, 0x0304);
    assert_int_equal(packet.frame.sequence, 7);
    assert_true(packet.frame.is_last && !packet.frame.is_preview && !packet.frame.is_free_soon);
    assert_int_equal(packet.frame.universe, 0x0102);
    assert_int_equal(packet.frame.start_code, 0);
    assert_int_equal(packet.frame.n, 512);
    assert_memory_equal(packet.frame.data, frame_data, sizeof(frame_data));
    bytes[112] = 0xa0;
    read_packet(SACN_DATA_BYTES + 5); /* a bit too much */
    assert_true(!packet.frame.is_last && packet.frame.is_preview && packet.frame.is_free_soon);
}

/* As OLA sends them. */
static void test_a_short_frame(void **state)
{
    write_frame();
    memcpy(bytes + 16, "\x70\x71", 2);
    memcpy(bytes + 38, "\x70\x5b", 2);
    memcpy(bytes + 115, "\x70\x0e", 2);
    memcpy(bytes + 123, "\0\x04", 2);
    read_packet(129);
    assert_int_equal(packet.frame.n, 3);
    assert_bad(128, "an sACN packet that is shorter than it says");
    memcpy(bytes + 123, "\0\x01", 2);
    read_packet(129);
    assert_int_equal(packet.frame.n, 0); /* only the start code */
}

static void spoil(size_t at, uint8_t value, const char *expected)
{
    write_frame();
    bytes[at] = value;
    assert_bad(SACN_DATA_BYTES, expected);
}

static void test_malformed_frames(void **state)
{
    static const char *const not_dmx = "an sACN frame whose slots are not those of DMX";

    spoil(0, 1, "a packet that is not sACN");
    spoil(15, 1, "a packet that is not sACN");
    spoil(16, 0x62, "an sACN packet that is shorter than it says");
    spoil(17, 0x6f, "an sACN packet that is shorter than it says");
    spoil(39, 0x59, "an sACN packet that is shorter than it says");
    spoil(115, 0x7f, not_dmx);
    spoil(117, 3, not_dmx);
    spoil(118, 0xa2, not_dmx);
    spoil(120, 1, not_dmx);
    spoil(122, 2, not_dmx);
    spoil(123, 3, "an sACN frame with a wrong number of slots");
    spoil(108, 201, "an sACN frame with a priority above 200");
    spoil(113, 0xfa, "an sACN frame of a universe that does not exist"); /* 64002 */
    write_frame();
    memset(bytes + 123, 0, 2);
    assert_bad(SACN_DATA_BYTES, "an sACN frame with a wrong number of slots");
    write_frame();
    memset(bytes + 113, 0, 2);
    assert_bad(SACN_DATA_BYTES, "an sACN frame of a universe that does not exist");
    assert_bad(43, "a packet that is not sACN");
    assert_bad(0, "a packet that is not sACN");
}

/* All layers say less than the number of slots needs. */
static void test_lengths_that_contradict(void **state)
{
    write_frame();
    memcpy(bytes + 16, "\x70\x6e", 2);
    memcpy(bytes + 38, "\x70\x58", 2);
    memcpy(bytes + 115, "\x70\x0b", 2);
    assert_bad(126, "an sACN frame with fewer slots than it says");
    memcpy(bytes + 16, "\x70\x10", 2);
    memcpy(bytes + 38, "\x70\x02", 2);
    assert_bad(125, "an sACN frame that is too short");
}

static void test_other_kinds_are_no_mistake(void **state)
{
    write_frame();
    bytes[21] = 1; /* a vector of another protocol of ACN */
    read_packet(SACN_DATA_BYTES);
    assert_int_equal(packet.kind, SACN_OTHER);
    write_frame();
    bytes[43] = 9;
    read_packet(SACN_DATA_BYTES);
    assert_int_equal(packet.kind, SACN_OTHER);
    bytes[21] = 8;
    read_packet(SACN_DATA_BYTES);
    assert_int_equal(packet.kind, SACN_OTHER);
}

static void test_sync(void **state)
{
    sacn_codec_write_sync(bytes, &source, 0x0708, 9);
    assert_memory_equal(bytes + 16,
                        "\x70\x21\0\0\0\x08"
                        "0123456789abcde\0\x70\x0b\0\0\0\x01\x09\x07\x08\0\0",
                        33);
    read_packet(SACN_SYNC_BYTES);
    assert_int_equal(packet.kind, SACN_SYNC);
    assert_int_equal(packet.sync.sequence, 9);
    assert_int_equal(packet.sync.universe, 0x0708);
    bytes[17]--, bytes[39]--;
    assert_bad(SACN_SYNC_BYTES - 1, "an sACN synchronization packet that is too short");
}

static void test_discovery(void **state)
{
    const uint16_t universes[] = {2, 7, 0xf9ff};

    assert_int_equal(sacn_codec_write_discovery(bytes, &source, 1, 2, universes, 3), 126);
    assert_memory_equal(bytes + 16, "\x70\x6e\0\0\0\x08", 6);
    assert_memory_equal(bytes + 38, "\x70\x58\0\0\0\x02Stage left", 16);
    assert_memory_equal(bytes + 108, "\0\0\0\0\x70\x0e\0\0\0\x01\x01\x02\0\x02\0\x07\xf9\xff", 18);
    read_packet(126);
    assert_int_equal(packet.kind, SACN_DISCOVERY);
    assert_string_equal(packet.name, "Stage left");
    assert_true(packet.discovery.page == 1 && packet.discovery.last_page == 2);
    assert_int_equal(packet.discovery.n, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(sacn_codec_universe(&packet, i), universes[i]);
}

static void test_malformed_discovery(void **state)
{
    static uint16_t universes[SACN_PAGE_UNIVERSES];
    static const char *const wrong = "an sACN discovery packet with a wrong length";
    size_t n = sacn_codec_write_discovery(bytes, &source, 0, 0, universes, SACN_PAGE_UNIVERSES);

    assert_int_equal(n, DISCOVERY_BYTES(512));
    read_packet(n);
    assert_int_equal(packet.discovery.n, SACN_PAGE_UNIVERSES);
    bytes[113] += 2; /* one more than a page has */
    assert_bad(n + 2, wrong);
    bytes[113] -= 3;
    assert_bad(n, wrong);
    n = sacn_codec_write_discovery(bytes, &source, 0, 0, universes, 0);
    read_packet(n);
    assert_int_equal(packet.discovery.n, 0);
    bytes[113]--;
    assert_bad(n, wrong);
    memcpy(bytes + 16, "\x70\x67", 2);
    memcpy(bytes + 38, "\x70\x51", 2);
    assert_bad(n - 1, "an sACN discovery packet that is too short");
}

static void assert_name(const char *field, const char *expected)
{
    uint8_t padded[SACN_NAME_BYTES] = {0};
    char name[SACN_NAME_BYTES];

    memcpy(padded, field, strlen(field));
    sacn_name_read(name, padded);
    assert_string_equal(name, expected);
}

static void test_names_are_safe_to_show(void **state)
{
    uint8_t endless[SACN_NAME_BYTES];
    char name[SACN_NAME_BYTES];

    assert_name("", "");
    assert_name("Bühne 1 – links 🎭", "Bühne 1 – links 🎭");
    assert_name("\x1b[31m\n\x7f", "?[31m??");
    assert_name("\xc2\x9b|\xc0\x80|\xed\xa0\x80|\xf8|\xe2\x82", "??|??|???|?|??");
    assert_name("\xe0\x80\x80|\xf0\x80\x80\x80|\xf4\x90\x80\x80", "???|????|????");
    memset(endless, 'x', sizeof(endless));
    sacn_name_read(name, endless);
    assert_int_equal(strlen(name), SACN_NAME_BYTES - 1);
}

static void test_names_with_addresses_are_cut_at_a_character(void **state)
{
    char text[20];

    sacn_name_with_address(text, sizeof(text), "10.0.0.5", "");
    assert_string_equal(text, "10.0.0.5");
    sacn_name_with_address(text, sizeof(text), "10.0.0.5", "Ion");
    assert_string_equal(text, "10.0.0.5 (Ion)");
    sacn_name_with_address(text, sizeof(text), "10.0.0.5", "1234567ü");
    assert_string_equal(text, "10.0.0.5 (1234567)");
    sacn_name_with_address(text, sizeof(text), "10.0.0.5", "123456ü");
    assert_string_equal(text, "10.0.0.5 (123456ü)");
    sacn_name_with_address(text, sizeof(text), "2001:db8::1234:5678:9abc", "Ion");
    assert_string_equal(text, "2001:db8::1234:5678");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writing_a_frame),
        cmocka_unit_test(test_reading_a_frame),
        cmocka_unit_test(test_a_short_frame),
        cmocka_unit_test(test_malformed_frames),
        cmocka_unit_test(test_lengths_that_contradict),
        cmocka_unit_test(test_other_kinds_are_no_mistake),
        cmocka_unit_test(test_sync),
        cmocka_unit_test(test_discovery),
        cmocka_unit_test(test_malformed_discovery),
        cmocka_unit_test(test_names_are_safe_to_show),
        cmocka_unit_test(test_names_with_addresses_are_cut_at_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
