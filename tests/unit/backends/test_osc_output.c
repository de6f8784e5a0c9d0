/* SPDX-License-Identifier: BSD-2-Clause */
/* The OSC backend's output: messages to real UDP peers, and what their answers lead to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/backends/osc_echo.h"
#include "broker/backends/osc_format.h"
#include "broker/backends/osc_pattern.h"
#include "tests/unit/osc_peer.h"

#define A_0 RIG_BYTES("/a\0\0,f\0\0" F_0)
#define A_1 RIG_BYTES("/a\0\0,f\0\0" F_1)

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

/* Sets a channel as the consequence of so many answers in a row. */
static void set_by_answers(uint32_t channel, double value, uint32_t answers)
{
    rig.instance.answers = answers;
    backend_osc.set(rig.self, channel, value);
    backend_osc.flush(rig.self);
    rig.instance.answers = 0;
}

/* Receives a message on /a and returns the number of answers that it is. */
static uint32_t receive_answer(const char *packet, size_t bytes)
{
    receive(packet, bytes);
    assert_int_equal(rig.instance.n_events, 1);
    return rig.instance.events[0].answers;
}

static void test_what_an_answer_leads_to_is_not_sent(void **state)
{
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_channel(&rig, "/a", FC_SOURCE | FC_TARGET);
    rig_start(&rig);
    assert_int_equal(receive_answer(A_1), 0);
    set_by_answers(0, 1, 0); /* a first reply on the same address */
    rig_assert_packet(peer, A_1);
    assert_int_equal(receive_answer(A_1), 1);
    set_by_answers(0, 1, 1);
    rig_assert_silence(peer);
    assert_int_equal(receive_answer(A_1),
                     0);     /* it was answered before: somebody has pressed a button again */
    set_by_answers(0, 0, 1); /* not what the peer has */
    rig_assert_packet(peer, A_0);
    assert_int_equal(receive_answer(A_0), 2);
    set_by_answers(0, 1, OSC_ECHO_MAX_CHAIN); /* they do not agree */
    rig_assert_silence(peer);
}

static void test_equal_values_are_sent_although_the_peer_answers(void **state)
{
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_channel(&rig, "/a", FC_SOURCE | FC_TARGET);
    rig_start(&rig);
    for (unsigned press = 0; press < 3; press++) {
        set_by_answers(0, 1, 0);
        rig_assert_packet(peer, A_1);
        assert_int_equal(receive_answer(A_1), 1);
    }
}

static void test_answers_may_come_late(void **state)
{
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_channel(&rig, "/a", FC_SOURCE | FC_TARGET);
    rig_start(&rig);
    set_by_answers(0, 1, 0);
    set_by_answers(0, 0, 0);
    rig_assert_packet(peer, A_1);
    rig_assert_packet(peer, A_0);
    assert_int_equal(receive_answer(A_1), 1);
    assert_int_equal(receive_answer(A_0), 1);
    assert_int_equal(receive_answer(A_0), 0);
}

static void test_several_values_are_one_answer(void **state)
{
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_set(&rig, "/1/xy", "ff 0 2 0 2");
    rig_channel(&rig, "/1/xy", FC_SOURCE | FC_TARGET);
    rig_channel(&rig, "/1/xy:1", FC_SOURCE | FC_TARGET);
    rig_start(&rig);
    set_by_answers(1, 1, 0);
    rig_assert_packet(peer, RIG_BYTES(XY(F_0, F_2)));
    receive(RIG_BYTES(XY(F_1, F_2))); /* no answer: one value is another */
    assert_int_equal(rig.instance.events[1].answers, 0);
    receive(RIG_BYTES(XY(F_0, F_2)));
    assert_int_equal(rig.instance.events[0].answers, 1);
    assert_int_equal(rig.instance.events[1].answers, 1);
    set_by_answers(0, 0, 1);
    rig_assert_silence(peer);
    set_by_answers(0, 1, 1);
    rig_assert_packet(peer, RIG_BYTES(XY(F_2, F_2)));
}

static void test_messages_that_are_always_the_same(void **state)
{
    const char *const packets[] = {"/a\0\0,\0\0\0", "/b\0\0,I\0\0", "/c\0\0,s\0\0go\0\0",
                                   "/d\0\0,i\0\0\0\0\0\1"};
    const size_t bytes[] = {8, 8, 12, 12};

    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_set(&rig, "/a", "");
    rig_set(&rig, "/b", "I");
    rig_set(&rig, "/c", "s \"go\"");
    rig_doubt(&rig, backend_osc.configure(rig.self, FC_SCOPE_INSTANCE, "/d", "i 1 1", &rig.reason),
              "minimum and maximum of value 1 are equal: it is always sent as 1");
    for (unsigned n = 0; n < 4; n++)
        rig_channel(&rig, (const char *[]){"/a", "/b", "/c", "/d"}[n], FC_SOURCE | FC_TARGET);
    rig_start(&rig);
    for (uint32_t n = 0; n < 4; n++) {
        for (unsigned press = 0; press < 2; press++) {
            set_by_answers(n, 0.3, 0);
            set_by_answers(n, 0, 0); /* the button is released */
            rig_assert_packet(peer, packets[n], bytes[n]);
            rig_assert_silence(peer);
        }
        receive(packets[n], bytes[n]);
        set_by_answers(n, 1, 1);
        rig_assert_silence(peer);
    }
}

static void test_fixed_values_go_along(void **state)
{
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_set(&rig, "/x", "sTi \"go\" 0 10");
    rig_channel(&rig, "/x:2", FC_TARGET);
    rig_channel(&rig, "/x", FC_TARGET);
    rig_start(&rig);
    set_by_answers(0, 0.5, 0);
    set_by_answers(1, 1, 0); /* sends it once more */
    rig_assert_packet(peer, RIG_BYTES("/x\0\0,sTi\0\0\0\0go\0\0\0\0\0\5"));
    rig_assert_packet(peer, RIG_BYTES("/x\0\0,sTi\0\0\0\0go\0\0\0\0\0\5"));
    rig_assert_silence(peer);
}

/* MIDIMonster starts with a channel that its pattern does not have. */
static void test_places_that_do_not_exist(void **state)
{
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    rig_set(&rig, "/x", "i 0 10");
    for (uint32_t n = 0; n < 3; n++)
        assert_int_equal(backend_osc.channel(rig.self, n, (const char *[]){"/x:1", "/x:5000", "/y:1"}[n],
                                             FC_SOURCE | FC_TARGET, &rig.reason),
                         FC_DOUBT);
    rig.n_channels = 3;
    rig_channel(&rig, "/x", FC_SOURCE);
    rig_start(&rig);
    for (uint32_t n = 0; n < 3; n++)
        set_by_answers(n, 1, 0);
    rig_assert_silence(peer);
    receive(RIG_BYTES("/x\0\0,i\0\0\0\0\0\5"));
    assert_counts(1, 0);
    rig_assert_event(&rig, 0, 3, 0.5);
    receive(RIG_BYTES("/y\0\0,ff\0" F_0 F_1));
    assert_counts(1, 0);
    rig_assert_event(&rig, 0, 2, 1);
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
static const char *destinations(int first, int second)
{
    static char text[80];

    snprintf(text, sizeof(text), "127.0.0.1 %u,127.0.0.1 %u", rig_port(first), rig_port(second));
    return text;
}

/* One that cannot be reached keeps nothing from the others. */
static void test_several_destinations(void **state)
{
    int second = rig_peer(AF_INET);

    rig_set(&rig, "dest", destinations(peer, second));
    rig_channel(&rig, "/a", FC_SOURCE | FC_TARGET);
    rig_start(&rig);
    backend_osc.set(rig.self, 0, 1);
    backend_osc.flush(rig.self);
    rig_assert_packet(peer, A_1);
    rig_assert_packet(second, A_1);
    close(peer);
    peer = rig_peer(AF_INET);
    for (unsigned n = 0; n < 2; n++) { /* the kernel tells of the first in the second */
        backend_osc.set(rig.self, 0, 0);
        backend_osc.flush(rig.self);
        rig_assert_packet(second, A_0);
    }
    close(second);
}

/* What both report is one answer of each; what one reports by itself is news. */
static void test_each_destination_answers(void **state)
{
    int second = rig_peer(AF_INET);

    rig_set(&rig, "dest", destinations(peer, second));
    rig_channel(&rig, "/a", FC_SOURCE | FC_TARGET);
    rig_start(&rig);
    backend_osc.set(rig.self, 0, 1);
    backend_osc.flush(rig.self);
    for (unsigned n = 0; n < 3; n++) {
        rig.instance.n_events = 0;
        rig_receive(&rig, n == 0 ? second : peer, A_1);
        assert_int_equal(rig.instance.n_events, 1);
        assert_int_equal(rig.instance.events[0].answers, n < 2);
    }
    close(second);
}

/* Sets more channels than a flush has time for; the peer's buffer has room for all. */
static void set_many(unsigned n_channels)
{
    char name[16];

    setsockopt(peer, SOL_SOCKET, SO_RCVBUF, &(int){8 << 20}, sizeof(int));
    rig_set(&rig, "dest", rig_at("127.0.0.1", peer));
    for (unsigned i = 0; i < n_channels; i++) {
        snprintf(name, sizeof(name), "/%u", i);
        rig_channel(&rig, name, FC_TARGET);
    }
    rig_start(&rig);
    for (unsigned i = 0; i < n_channels; i++)
        backend_osc.set(rig.self, i, 1);
    backend_osc.flush(rig.self);
}

/* A long flush leaves the rest to the next turn, and loses and reorders nothing. */
static void test_a_long_flush_takes_turns(void **state)
{
    enum { CHANNELS = 4096 };
    unsigned n_turns = 0, n = 0;
    char got[64];

    set_many(CHANNELS);
    do {
        while (recv(peer, got, sizeof(got), MSG_DONTWAIT) > 0)
            assert_int_equal(strtoul(got + 1, NULL, 10), n++);
        n_turns++;
    } while (rig_timer(&rig));
    assert_int_equal(n, CHANNELS);
    assert_true(n_turns > 1); /* 4,096 system calls take longer than half a millisecond anywhere */
}

/* What a turn has left is sent before the socket is closed. */
static void test_the_rest_is_sent_at_the_end(void **state)
{
    enum { CHANNELS = 1024 };
    unsigned n = 0;
    char got[64];

    set_many(CHANNELS);
    backend_osc.stop(rig.self);
    while (recv(peer, got, sizeof(got), MSG_DONTWAIT) > 0)
        n++;
    assert_int_equal(n, CHANNELS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_output, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unconfigured_output_is_a_float, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_event_is_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_an_answer_leads_to_is_not_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_equal_values_are_sent_although_the_peer_answers, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_answers_may_come_late, setup, teardown),
        cmocka_unit_test_setup_teardown(test_several_values_are_one_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_messages_that_are_always_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fixed_values_go_along, setup, teardown),
        cmocka_unit_test_setup_teardown(test_places_that_do_not_exist, setup, teardown),
        cmocka_unit_test_setup_teardown(test_input_is_not_echoed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_largest_message_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_several_destinations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_destination_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_long_flush_takes_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_rest_is_sent_at_the_end, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
