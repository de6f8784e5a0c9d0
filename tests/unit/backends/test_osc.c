/* SPDX-License-Identifier: BSD-2-Clause */
/* The OSC backend's input: events from packets of a real UDP peer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/backends/osc_format.h"
#include "broker/backends/osc_private.h"
#include "tests/unit/osc_peer.h"

#define BUNDLE "#bundle\0\0\0\0\0\0\0\0\1"

/* Asserts what was dropped last, and how the log names it. */
static void assert_dropped(const char *address, const char *why)
{
    char text[400];

    snprintf(text, sizeof(text), "%sfrom 127.0.0.1:%u: %s", address, rig_port(peer), why);
    assert_string_equal(rig.instance.malformed, text);
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
    receive(RIG_BYTES("/a\0\0,sN\0hi\0\0"));
    assert_counts(0, 0);
    receive(RIG_BYTES("/a\0\0,ff\0\x7f\xc0\0\0" F_1)); /* NaN */
    assert_counts(1, 0);
    rig_assert_event(&rig, 0, 1, 1);
}

static void test_impulses_and_messages_without_values_are_1(void **state)
{
    rig_set(&rig, "/go*", "");
    rig_set(&rig, "/i", "i 0 10");
    rig_channel(&rig, "/a", FC_SOURCE);
    rig_channel(&rig, "/a:1", FC_SOURCE);
    rig_channel(&rig, "/go", FC_SOURCE);
    rig_channel(&rig, "/i", FC_SOURCE);
    rig_start(&rig);
    receive(RIG_BYTES("/a\0\0,\0\0\0"));
    assert_counts(1, 0);
    rig_assert_event(&rig, 0, 0, 1);
    receive(RIG_BYTES("/a\0\0,fI\0" F_0));
    assert_counts(2, 0);
    rig_assert_event(&rig, 1, 1, 1);
    receive(RIG_BYTES("/go\0,\0\0\0"));
    assert_counts(1, 0);
    rig_assert_event(&rig, 0, 2, 1);
    receive(RIG_BYTES("/i\0\0,I\0\0"));
    assert_counts(1, 0);
    rig_assert_event(&rig, 0, 3, 1);
    receive(RIG_BYTES("/i\0\0,\0\0\0")); /* it has one value */
    assert_counts(0, 1);
    receive(RIG_BYTES("/?\0\0,\0\0\0"));
    assert_counts(1, 0);
    rig_assert_event(&rig, 0, 0, 1);
}

static void test_values_beside_a_text_have_their_range(void **state)
{
    rig_set(&rig, "/x", "sifT 0 10 0 100");
    for (unsigned n = 0; n < 4; n++)
        rig_channel(&rig, (const char *[]){"/x", "/x:1", "/x:2", "/x:3"}[n], FC_SOURCE);
    rig_start(&rig);
    receive(RIG_BYTES("/x\0\0,sifF\0\0\0hi\0\0\0\0\0\5\x42\x48\0\0"));
    assert_counts(3, 0);
    rig_assert_event(&rig, 0, 1, 0.5);
    rig_assert_event(&rig, 1, 2, 0.5);
    rig_assert_event(&rig, 2, 3, 0);
    receive(RIG_BYTES("/x\0\0,fTFI\0\0\0" F_0_5)); /* in a place without a range, its type's counts */
    assert_counts(4, 0);
    rig_assert_event(&rig, 0, 0, 0.5);
    rig_assert_event(&rig, 1, 1, 1);
    rig_assert_event(&rig, 2, 2, 0);
    rig_assert_event(&rig, 3, 3, 1);
}

static void test_constants_come_in_as_steps(void **state)
{
    rig_doubt(&rig, backend_osc.configure(rig.self, FC_SCOPE_INSTANCE, "/x", "fi 0 1 1 1", &rig.reason),
              "minimum and maximum of value 2 are equal: it is always sent as 1");
    rig_channel(&rig, "/x:1", FC_SOURCE);
    rig_channel(&rig, "/x", FC_SOURCE);
    rig_start(&rig);
    receive(RIG_BYTES("/x\0\0,fi\0" F_1 "\0\0\0\0"));
    rig_assert_event(&rig, 1, 0, 0);
    receive(RIG_BYTES("/x\0\0,fi\0" F_1 "\0\0\0\1"));
    rig_assert_event(&rig, 1, 0, 1);
}

static void test_arrays_are_read(void **state)
{
    rig_set(&rig, "/1/xy", "ff 0 1 0 1");
    rig_channel(&rig, "/1/xy", FC_SOURCE);
    rig_channel(&rig, "/1/xy:1", FC_SOURCE);
    rig_start(&rig);
    receive(RIG_BYTES("/1/xy\0\0\0,[ff]\0\0\0" F_0_5 F_1));
    assert_counts(2, 0);
    rig_assert_event(&rig, 0, 0, 0.5);
    rig_assert_event(&rig, 1, 1, 1);
}

static void test_addresses_that_osc_forbids(void **state)
{
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_set(&rig, "\"/my f?der*\"", "f 0 2");
    rig_channel(&rig, "\"/my f\303\244der\"", FC_SOURCE | FC_TARGET);
    rig_channel(&rig, "/a:1:0", FC_SOURCE);
    rig_start(&rig);
    receive(RIG_BYTES("/my f\303\244der\0\0,f\0\0" F_0_5));
    assert_counts(1, 0);
    rig_assert_event(&rig, 0, 0, 0.25);
    receive(RIG_BYTES("/my f?der\0\0\0,f\0\0" F_1));
    assert_counts(1, 0);
    rig_assert_event(&rig, 0, 0, 0.5);
    receive(RIG_BYTES("/a:1\0\0\0\0,f\0\0" F_1));
    assert_counts(1, 0);
    rig_assert_event(&rig, 0, 1, 1);
    backend_osc.set(rig.self, 0, 1);
    backend_osc.flush(rig.self);
    rig_assert_packet(peer, RIG_BYTES("/my f\303\244der\0\0,f\0\0" F_2));
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
    assert_dropped("/1/xy ",
                   "a different number of values than configured: 1 (f) for the pattern /1/xy, which "
                   "has 2");
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
    assert_dropped("", "an OSC packet whose length is not a multiple of four");
    receive(RIG_BYTES("/old"));
    receive(RIG_BYTES("/old\0\0\0\0" F_1));
    assert_counts(0, 1);
    assert_dropped("/old ", "an OSC message without types, as old programs send");
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
    assert_dropped("/1/[a ", "an OSC message with an invalid address pattern");
}

/* Goes on for as many turns as it takes. Returns how many. */
static unsigned finish(void)
{
    unsigned n = 0;

    while (rig_timer(&rig))
        n++;
    return n;
}

static void add_addresses(const char *format, unsigned n)
{
    char name[OSC_PATTERN_MAX_BYTES];

    for (unsigned i = 0; i < n; i++) {
        snprintf(name, sizeof(name), format, i);
        rig_channel(&rig, name, FC_SOURCE);
    }
}

/* 512 addresses and 5,000 patterns in one packet: as many as it may cost are followed, the others count as
 * malformed. */
static void test_patterns_in_a_packet_have_a_limit(void **state)
{
    static char packet[16 + 5000 * 12] = BUNDLE;
    /* two parts to compare, and a value */
    const unsigned cost = 512 * (OSC_EFFORT_ADDRESS + 2 + 2 * OSC_EFFORT_VALUE) + 2 * OSC_EFFORT_BYTE;

    add_addresses("/%u", 512);
    for (size_t at = 16; at < sizeof(packet); at += 12)
        memcpy(packet + at, "\0\0\0\x08/*\0\0,N\0", 12); /* leads to no events */
    rig_start(&rig);
    receive(packet, sizeof(packet));
    assert_in_range(finish(), OSC_EFFORT_PACKET / OSC_EFFORT_TURN - 1, 50);
    assert_counts(0, 5000 - OSC_EFFORT_PACKET / cost);
    assert_dropped("/* ", "an OSC packet with too many address patterns");
    receive(packet, 28);
    assert_counts(0, 0);
}

static void test_events_that_patterns_lead_to_have_a_limit(void **state)
{
    add_addresses("/f%u", 5000);
    rig_start(&rig);
    receive(RIG_BYTES(BUNDLE "\0\0\0\x0c/f*\0,f\0\0" F_1 "\0\0\0\x0c/f*\0,f\0\0" F_1
                             "\0\0\0\x0c/f1\0,f\0\0" F_1));
    assert_in_range(rig.instance.n_events, 1, OSC_EFFORT_TURN / OSC_EFFORT_EXPANDED);
    assert_in_range(finish(), OSC_EFFORT_EVENTS * OSC_EFFORT_EXPANDED / OSC_EFFORT_TURN, 20);
    assert_counts(OSC_EFFORT_EVENTS + 1, 2);
    assert_dropped("/f* ", "an OSC packet whose address patterns stand for too much");
    rig_assert_event(&rig, OSC_EFFORT_EVENTS, 1, 1);
}

/* One pattern is more than a turn is for: others have theirs, and what is sent later comes later. */
static void test_a_pattern_takes_several_turns(void **state)
{
    char pattern[400] = "/", packet[1024];
    size_t bytes;

    for (unsigned n = 0; n < 60; n++)
        strcat(pattern, "{c,c}");
    strcat(pattern, "*zz");
    add_addresses("/cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc%uzz", 100);
    rig_channel(&rig, "/a", FC_SOURCE);
    rig_start(&rig);
    bytes = (size_t)snprintf(packet, sizeof(packet), "%s", pattern);
    memset(packet + bytes, 0, 16);
    bytes = (bytes + 4) & ~(size_t)3;
    memcpy(packet + bytes, ",f\0\0" F_1, 8);
    receive(packet, bytes + 8);
    rig_send(&rig, peer, AF_INET, RIG_BYTES("/a\0\0,f\0\0" F_0_5));
    rig_ready(&rig);
    assert_in_range(rig.instance.n_events, 1, 60);
    assert_in_range(finish(), 2, 100);
    assert_counts(100, 0);
    rig_ready(&rig);
    assert_counts(101, 0);
    rig_assert_event(&rig, 100, 100, 0.5);
}

/* Patterns that cannot be afforded are dropped, and everything else goes on. */
static void test_patterns_without_allowance(void **state)
{
    struct osc *osc = rig.self;
    uint64_t since_ns;

    rig_channel(&rig, "/a", FC_SOURCE);
    rig_start(&rig);
    osc->effort.left = INT64_C(-1000) * OSC_EFFORT_PER_SECOND;
    receive(RIG_BYTES(BUNDLE "\0\0\0\x0c/?\0\0,f\0\0" F_1 "\0\0\0\x0c/a\0\0,f\0\0" F_0_5));
    assert_counts(1, 1);
    rig_assert_event(&rig, 0, 0, 0.5);
    assert_dropped("/? ", "more OSC address patterns than there is time for");
    osc->effort.left = 1;
    since_ns = osc->effort.since_ns;
    receive(RIG_BYTES("/?\0\0,f\0\0" F_1));
    assert_counts(1, 0);
    /* less than it had and was given meanwhile: the pattern was paid for */
    assert_true(osc->effort.left <
                1 + (int64_t)((osc->effort.since_ns - since_ns) * (OSC_EFFORT_PER_SECOND / 1000000) / 1000));
}

/* What was begun is forgotten with the socket. */
static void test_stop_within_a_packet(void **state)
{
    add_addresses("/f%u", 5000);
    rig_start(&rig);
    receive(RIG_BYTES("/f*\0,f\0\0" F_1));
    backend_osc.stop(rig.self);
    assert_int_equal(finish(), 0);
    rig_start(&rig);
    receive(RIG_BYTES("/f1\0,f\0\0" F_1));
    assert_counts(1, 0);
}

/* A large packet without patterns is a turn of its own, too. */
static void test_a_large_packet_ends_the_turn(void **state)
{
    static char packet[16 + 4000 * 16] = BUNDLE;

    rig_channel(&rig, "/a", FC_SOURCE);
    for (size_t at = 16; at < sizeof(packet); at += 16)
        memcpy(packet + at, "\0\0\0\x0c/a\0\0,f\0\0" F_1, 16);
    rig_start(&rig);
    rig_send(&rig, peer, AF_INET, packet, sizeof(packet));
    receive(packet, sizeof(packet));
    assert_in_range(rig.instance.n_events, 0, OSC_EFFORT_TURN / OSC_EFFORT_EVENT);
    finish();
    assert_counts(4000, 0);
    rig_ready(&rig);
    finish();
    assert_counts(8000, 0);
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
    rig.instance.n_lines_left_out = 1;
    receive(RIG_BYTES("/a/c\0\0\0\0,f\0\0" F_1));
    receive(RIG_BYTES("/a/d\0\0\0\0,f\0\0" F_1));
    assert_string_equal(rig_log, "2 received /a/b fi 0.5 7\n2 received /a/d f 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values_go_to_their_channels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_default_ranges, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_that_are_no_numbers_are_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_impulses_and_messages_without_values_are_1, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_beside_a_text_have_their_range, setup, teardown),
        cmocka_unit_test_setup_teardown(test_constants_come_in_as_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arrays_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_addresses_that_osc_forbids, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_numbers_are_converted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_number_of_values_is_malformed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_address_is_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(test_malformed_packets_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bundle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_first_matching_format_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sender_uses_a_pattern, setup, teardown),
        cmocka_unit_test_setup_teardown(test_patterns_in_a_packet_have_a_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ready_has_a_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events_that_patterns_lead_to_have_a_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_pattern_takes_several_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_patterns_without_allowance, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop_within_a_packet, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_large_packet_ends_the_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(test_root, setup, teardown),
        cmocka_unit_test_setup_teardown(test_detect, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
