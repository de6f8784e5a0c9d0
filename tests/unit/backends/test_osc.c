/* SPDX-License-Identifier: BSD-2-Clause */
/* The OSC backend's events: from packets of a real UDP peer, and back to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/backends/osc_format.h"
#include "broker/backends/osc_pattern.h"
#include "tests/unit/osc_rig.h"

#define BUNDLE   "#bundle\0\0\0\0\0\0\0\0\1"
#define XY(x, y) "/1/xy\0\0\0,ff\0" x y
#define F_0      "\0\0\0\0"
#define F_0_5    "\x3f\0\0\0"
#define F_1      "\x3f\x80\0\0"
#define F_2      "\x40\0\0\0"

static struct rig rig;
static int peer;

static int setup(void **state)
{
    rig_init(&rig);
    rig_set(&rig, "bind", "127.0.0.1 0");
    peer = rig_peer(AF_INET);
    return 0;
}

static int teardown(void **state)
{
    rig_deinit(&rig);
    close(peer);
    return 0;
}

static void receive(const char *packet, size_t bytes)
{
    rig.instance.n_events = 0;
    rig.instance.n_malformed = 0;
    rig_receive(&rig, peer, packet, bytes);
}

static void assert_counts(unsigned n_events, unsigned n_malformed)
{
    assert_int_equal(rig.instance.n_events, n_events);
    assert_int_equal(rig.instance.n_malformed, n_malformed);
}

static void test_values_go_to_their_channels(void **state)
{
    rig_set(&rig, "/1/xy", "ff 0 2 2 0");
    rig_channel(&rig, "/1/xy:1", FC_SOURCE);
    rig_channel(&rig, "/1/xy:0", FC_SOURCE);
    rig_start(&rig);
    for (unsigned times = 0; times < 2; times++) { /* an unchanged value is an event too */
        receive(RIG_BYTES(XY(F_1, F_0_5)));
        assert_counts(2, 0);
        rig_assert_event(&rig, 0, 1, 0.5);
        rig_assert_event(&rig, 1, 0, 0.75);
    }
}

static void test_default_ranges(void **state)
{
    rig_channel(&rig, "/a:1", FC_SOURCE);
    rig_start(&rig);
    receive(RIG_BYTES("/a\0\0,ii\0\0\0\0\0\0\0\0\x33"));
    rig_assert_event(&rig, 0, 0, 0.2);
    receive(RIG_BYTES("/a\0\0,sh\0x\0\0\0\0\0\0\0\0\0\1\0"));
    rig_assert_event(&rig, 0, 0, 0.25);
    receive(RIG_BYTES("/a\0\0,if\0\0\0\0\0" F_2));
    rig_assert_event(&rig, 0, 0, 1);
    receive(RIG_BYTES("/a\0\0,Nd\0\x3f\xe0\0\0\0\0\0\0"));
    rig_assert_event(&rig, 0, 0, 0.5);
    receive(RIG_BYTES("/a\0\0,FT\0"));
    rig_assert_event(&rig, 0, 0, 1);
    receive(RIG_BYTES("/a\0\0,TF\0"));
    rig_assert_event(&rig, 0, 0, 0);
    assert_counts(1, 0);
}

static void test_values_that_are_no_numbers_are_passed_over(void **state)
{
    rig_channel(&rig, "/a", FC_SOURCE);
    rig_channel(&rig, "/a:1", FC_SOURCE);
    rig_start(&rig);
    receive(RIG_BYTES("/a\0\0,sI\0hi\0\0"));
    assert_counts(0, 0);
    receive(RIG_BYTES("/a\0\0,ff\0\x7f\xc0\0\0" F_1)); /* NaN */
    assert_counts(1, 0);
    rig_assert_event(&rig, 0, 1, 1);
    receive(RIG_BYTES("/a\0\0,\0\0\0"));
    assert_counts(0, 0);
}

static void test_other_numbers_are_converted(void **state)
{
    rig_set(&rig, "/1/xy", "fi 0 2 0 10");
    rig_channel(&rig, "/1/xy", FC_SOURCE);
    rig_channel(&rig, "/1/xy:1", FC_SOURCE);
    rig_start(&rig);
    receive(RIG_BYTES("/1/xy\0\0\0,if\0\0\0\0\1" F_1));
    rig_assert_event(&rig, 0, 0, 0.5);
    rig_assert_event(&rig, 1, 1, 0.1);
    receive(RIG_BYTES("/1/xy\0\0\0,TT\0"));
    rig_assert_event(&rig, 0, 0, 1);
    rig_assert_event(&rig, 1, 1, 1);
}

static void test_wrong_number_of_values_is_malformed(void **state)
{
    rig_set(&rig, "/1/xy", "ff 0 1 0 1");
    rig_channel(&rig, "/1/xy", FC_SOURCE);
    rig_start(&rig);
    receive(RIG_BYTES("/1/xy\0\0\0,f\0\0" F_1));
    assert_counts(0, 1);
    assert_string_equal(rig.instance.malformed,
                        "an OSC message with a different number of values than configured");
    receive(RIG_BYTES("/1/xy\0\0\0,fff\0\0\0\0" F_1 F_1 F_1));
    assert_counts(0, 1);
}

static void test_unknown_address_is_ignored(void **state)
{
    rig_channel(&rig, "/a", FC_SOURCE);
    rig_start(&rig);
    receive(RIG_BYTES("/ab\0,f\0\0" F_1));
    assert_counts(0, 0);
}

static void test_malformed_packets_are_counted(void **state)
{
    rig_channel(&rig, "/a", FC_SOURCE);
    rig_start(&rig);
    receive("", 0);
    assert_counts(0, 1);
    receive(RIG_BYTES(BUNDLE "\0\0\0\x0c/a\0\0,f\0\0" F_1 "\0\0\0\1"));
    assert_counts(0, 1);
    receive(RIG_BYTES("/a\0\0,f\0\0" F_1));
    assert_counts(1, 0);
}

static void test_bundle(void **state)
{
    rig_channel(&rig, "/a", FC_SOURCE);
    rig_channel(&rig, "/b", FC_SOURCE);
    rig_start(&rig);
    receive(
        RIG_BYTES(BUNDLE "\0\0\0\x0c/b\0\0,f\0\0" F_1 "\0\0\0\x20" BUNDLE "\0\0\0\x0c/a\0\0,f\0\0" F_0_5));
    assert_counts(2, 0);
    rig_assert_event(&rig, 0, 1, 1);
    rig_assert_event(&rig, 1, 0, 0.5);
}

static void test_first_matching_format_counts(void **state)
{
    rig_set(&rig, "/1/{a,b}", "f 0 2");
    rig_set(&rig, "/1/*", "f 0 4");
    rig_channel(&rig, "/1/a", FC_SOURCE);
    rig_channel(&rig, "/1/c", FC_SOURCE);
    rig_start(&rig);
    receive(RIG_BYTES("/1/a\0\0\0\0,f\0\0" F_1));
    rig_assert_event(&rig, 0, 0, 0.5);
    receive(RIG_BYTES("/1/c\0\0\0\0,f\0\0" F_1));
    rig_assert_event(&rig, 0, 1, 0.25);
}

static void test_sender_uses_a_pattern(void **state)
{
    rig_set(&rig, "/1/xy", "ff 0 1 0 1");
    rig_channel(&rig, "/1/a", FC_SOURCE);
    rig_channel(&rig, "/2/a", FC_SOURCE);
    rig_channel(&rig, "/1/xy", FC_SOURCE); /* has two values: the following lines do not apply to it */
    rig_channel(&rig, "/1/b", FC_SOURCE);
    rig_start(&rig);
    receive(RIG_BYTES("/1/*\0\0\0\0,f\0\0" F_0_5));
    assert_counts(2, 0);
    rig_assert_event(&rig, 0, 0, 0.5);
    rig_assert_event(&rig, 1, 3, 0.5);
    receive(RIG_BYTES("/1/[a\0\0\0,f\0\0" F_0_5));
    assert_counts(0, 1);
    assert_string_equal(rig.instance.malformed, "an OSC message with an invalid address pattern");
}

/* 512 addresses and 5,000 patterns in one packet: 512 patterns are followed, the others count as malformed.
 */
static void test_patterns_in_a_packet_have_a_limit(void **state)
{
    static char packet[16 + 5000 * 12] = BUNDLE;
    char name[16];

    for (unsigned n = 0; n < 512; n++) {
        snprintf(name, sizeof(name), "/%u", n);
        rig_channel(&rig, name, FC_SOURCE);
    }
    for (size_t at = 16; at < sizeof(packet); at += 12)
        memcpy(packet + at, "\0\0\0\x08/*\0\0,\0\0", 12);
    rig_start(&rig);
    receive(packet, sizeof(packet));
    assert_counts(0, 5000 - 1024);
    assert_string_equal(rig.instance.malformed, "an OSC packet with too many address patterns");
    receive(packet, 28);
    assert_counts(0, 0);
}

static void test_ready_has_a_budget(void **state)
{
    rig_channel(&rig, "/a", FC_SOURCE);
    rig_start(&rig);
    for (unsigned n = 0; n < FC_WATCH_BUDGET + 3; n++)
        rig_send(&rig, peer, AF_INET, RIG_BYTES("/a\0\0,f\0\0" F_1));
    rig_ready(&rig);
    assert_counts(FC_WATCH_BUDGET, 0);
    rig_ready(&rig);
    assert_counts(FC_WATCH_BUDGET + 3, 0);
    rig_ready(&rig);
    assert_counts(FC_WATCH_BUDGET + 3, 0);
    assert_string_equal(rig_log, "");
}

/* Matching a pattern takes long: other instances get their turn after each such packet. */
static void test_pattern_ends_the_turn(void **state)
{
    rig_channel(&rig, "/a", FC_SOURCE);
    rig_start(&rig);
    rig_send(&rig, peer, AF_INET, RIG_BYTES("/?\0\0,f\0\0" F_0));
    rig_receive(&rig, peer, RIG_BYTES("/a\0\0,f\0\0" F_1));
    assert_counts(1, 0);
    rig_ready(&rig);
    assert_counts(2, 0);
}

static void test_root(void **state)
{
    uint32_t a;

    rig_set(&rig, "root", "/desk/"); /* the same as without the last slash */
    rig_set(&rig, "destination", rig_at("127.0.0.1", peer));
    rig_set(&rig, "/*", "f 0 1");
    a = rig_channel(&rig, "/a", FC_SOURCE | FC_TARGET);
    rig_start(&rig);
    receive(RIG_BYTES("/a\0\0,f\0\0" F_1));
    receive(RIG_BYTES("/deska\0\0,f\0\0" F_1));
    assert_counts(0, 0);
    receive(RIG_BYTES("/desk/a\0,f\0\0" F_1));
    assert_counts(1, 0);
    receive(RIG_BYTES("/d*/?\0\0\0,f\0\0" F_1));
    assert_counts(1, 0);
    backend_osc.set(rig.self, a, 0.5);
    backend_osc.flush(rig.self);
    rig_assert_packet(peer, RIG_BYTES("/desk/a\0,f\0\0" F_0_5));
}

static void test_detect(void **state)
{
    rig_set(&rig, "detect", "on");
    rig_set(&rig, "root", "/a");
    rig_start(&rig);
    receive(RIG_BYTES("/b\0\0,f\0\0" F_1));
    receive(RIG_BYTES("/ab\0,f\0\0" F_1));
    assert_string_equal(rig_log, "");
    receive(RIG_BYTES("/a/b\0\0\0\0,fi\0" F_0_5 "\0\0\0\7"));
    assert_string_equal(rig_log, "2 received /a/b fi 0.5 7\n");
}

static void test_output(void **state)
{
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_set(&rig, "/1/xy", "ff 0 2 -1 1");
    rig_set(&rig, "/n", "ih 0 255 1 11");
    rig_channel(&rig, "/1/xy", FC_TARGET);
    rig_channel(&rig, "/1/xy:1", FC_TARGET);
    rig_channel(&rig, "/n:1", FC_TARGET);
    rig_start(&rig);
    backend_osc.set(rig.self, 2, 0.55); /* 6.5 */
    backend_osc.set(rig.self, 0, 1);
    rig_assert_silence(peer);
    backend_osc.flush(rig.self);
    rig_assert_packet(peer, RIG_BYTES("/n\0\0,ih\0\0\0\0\0\0\0\0\0\0\0\0\7"));
    rig_assert_packet(peer, RIG_BYTES(XY(F_2, F_0))); /* what was never set has its resting value */
    rig_assert_silence(peer);
    backend_osc.set(rig.self, 1, 1);
    backend_osc.flush(rig.self);
    rig_assert_packet(peer, RIG_BYTES(XY(F_2, F_1)));
    rig_assert_silence(peer);
}

static void test_unconfigured_output_is_a_float(void **state)
{
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_channel(&rig, "/n", FC_TARGET);
    rig_start(&rig);
    backend_osc.set(rig.self, 0, 0.5);
    backend_osc.flush(rig.self);
    rig_assert_packet(peer, RIG_BYTES("/n\0\0,f\0\0" F_0_5));
    rig_assert_silence(peer);
}

static void test_every_event_is_sent(void **state)
{
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_set(&rig, "/n", "i 0 10");
    rig_channel(&rig, "/n", FC_TARGET);
    rig_start(&rig);
    backend_osc.set(rig.self, 0, 0);
    backend_osc.set(rig.self, 0, 0.1); /* one turn of the loop, two events, two messages */
    rig_assert_packet(peer, RIG_BYTES("/n\0\0,i\0\0\0\0\0\0"));
    rig_assert_silence(peer);
    backend_osc.flush(rig.self);
    rig_assert_packet(peer, RIG_BYTES("/n\0\0,i\0\0\0\0\0\1"));
    backend_osc.set(rig.self, 0, 0.1); /* unchanged */
    backend_osc.flush(rig.self);
    backend_osc.flush(rig.self);
    rig_assert_packet(peer, RIG_BYTES("/n\0\0,i\0\0\0\0\0\1"));
    rig_assert_silence(peer);
}

static void test_an_echo_is_not_sent(void **state)
{
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_channel(&rig, "/a", FC_SOURCE | FC_TARGET);
    rig_start(&rig);
    receive(RIG_BYTES("/a\0\0,f\0\0" F_1));
    backend_osc.set(rig.self, 0, 1); /* an answer on the same address */
    backend_osc.flush(rig.self);
    rig_assert_packet(peer, RIG_BYTES("/a\0\0,f\0\0" F_1));
    receive(RIG_BYTES("/a\0\0,f\0\0" F_1)); /* is answered */
    backend_osc.set(rig.self, 0, 1);
    backend_osc.flush(rig.self);
    rig_assert_silence(peer);
    backend_osc.set(rig.self, 0, 0);
    backend_osc.set(rig.self, 0, 1); /* changed again */
    backend_osc.flush(rig.self);
    rig_assert_packet(peer, RIG_BYTES("/a\0\0,f\0\0" F_0));
    rig_assert_packet(peer, RIG_BYTES("/a\0\0,f\0\0" F_1));
    rig_assert_silence(peer);
}

static void test_input_is_not_echoed(void **state)
{
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_set(&rig, "/a", "f 0 1");
    rig_channel(&rig, "/a", FC_SOURCE | FC_TARGET);
    rig_start(&rig);
    receive(RIG_BYTES("/a\0\0,f\0\0" F_1));
    backend_osc.flush(rig.self);
    rig_assert_silence(peer);
}

/* The longest address with the most and widest values. */
static void test_largest_message_fits(void **state)
{
    static char value[OSC_FORMAT_MAX_VALUES * 5 + 8];
    static char packet[16384];
    char name[OSC_PATTERN_MAX_BYTES] = "/";

    memset(value, 'd', OSC_FORMAT_MAX_VALUES);
    for (unsigned n = 0; n < OSC_FORMAT_MAX_VALUES; n++)
        strcpy(value + OSC_FORMAT_MAX_VALUES + 4 * n, " 0 1");
    memset(name + 1, 'x', sizeof(name) - 2);
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_set(&rig, "/*", value);
    rig_channel(&rig, name, FC_TARGET);
    rig_start(&rig);
    backend_osc.set(rig.self, 0, 1);
    backend_osc.flush(rig.self);
    assert_int_equal(recv(peer, packet, sizeof(packet), MSG_DONTWAIT), 1024 + 1028 + 1024 * 8);
    assert_memory_equal(packet + 2052, "\x3f\xf0\0\0\0\0\0\0", 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values_go_to_their_channels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_default_ranges, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_that_are_no_numbers_are_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_numbers_are_converted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_number_of_values_is_malformed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_address_is_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(test_malformed_packets_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bundle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_first_matching_format_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sender_uses_a_pattern, setup, teardown),
        cmocka_unit_test_setup_teardown(test_patterns_in_a_packet_have_a_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ready_has_a_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pattern_ends_the_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(test_root, setup, teardown),
        cmocka_unit_test_setup_teardown(test_detect, setup, teardown),
        cmocka_unit_test_setup_teardown(test_output, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unconfigured_output_is_a_float, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_event_is_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_echo_is_not_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_input_is_not_echoed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_largest_message_fits, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
