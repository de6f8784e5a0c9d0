/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sessions between sides that are joined by a list of packets, at a time that the test sets: invitations from
 * either side, refusals, clocks, receipts, losses, silence and the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdlib.h>

#include "broker/rtpmidi/output.h"
#include "broker/rtpmidi/traffic.h"
#include "tests/unit/rtpmidi/played.h"

#define SIDES   3
#define S       FC_NS_PER_S
#define MAX_LOG 4096

struct side {
    struct rtpmidi_peers peers;
    struct rtpmidi_output output;
    struct net_address control, data;
    char log[MAX_LOG];
    unsigned n_malformed;
    unsigned n_came, n_went;
};

static struct side sides[SIDES];
static uint64_t now_ns;
static bool is_cut;                     /* nothing arrives */
static struct rtpmidi_apple last_apple; /* that was sent */
static unsigned n_sent;

static struct {
    struct net_address from, to;
    uint8_t data[RTPMIDI_PACKET_BYTES];
    size_t bytes;
} packets[64];
static size_t n_packets;

static struct net_address at(uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct net_address address = {.bytes = sizeof(in)};

    memcpy(&address.storage, &in, sizeof(in));
    net_address_set_port(&address, port);
    return address;
}

/* The same port of another host. */
static struct net_address at_host(uint8_t host, uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(0x0a000000u + host)}};
    struct net_address address = {.bytes = sizeof(in)};

    memcpy(&address.storage, &in, sizeof(in));
    net_address_set_port(&address, port);
    return address;
}

static void send_packet(void *userdata, bool is_control, const struct net_address *to, const uint8_t *data,
                        size_t bytes)
{
    struct side *side = userdata;
    const char *what;

    n_sent++;
    if (rtpmidi_apple_is(data, bytes))
        assert_int_equal(rtpmidi_apple_read(&last_apple, data, bytes, &what), 0);
    if (is_cut)
        return;
    assert_true(n_packets < 64 && bytes <= RTPMIDI_PACKET_BYTES);
    packets[n_packets].from = is_control ? side->control : side->data;
    packets[n_packets].to = *to;
    memcpy(packets[n_packets].data, data, bytes);
    packets[n_packets++].bytes = bytes;
}

static void say(void *userdata, bool is_warning, const char *text)
{
    struct side *side = userdata;

    assert_true(strlen(side->log) + strlen(text) + 3 < MAX_LOG);
    strcat(strcat(side->log, is_warning ? "!" : ""), text);
    strcat(side->log, "\n");
}

static void came(void *userdata)
{
    ((struct side *)userdata)->n_came++;
}

static void went(void *userdata)
{
    ((struct side *)userdata)->n_went++;
}

static uint32_t random_number(void *userdata)
{
    static uint32_t number = 0x1000;

    return number++;
}

static void malformed(void *userdata, const struct net_address *from, const char *what)
{
    ((struct side *)userdata)->n_malformed++;
}

static void assert_log(struct side *side, const char *expected)
{
    assert_string_equal(side->log, expected);
    side->log[0] = '\0';
}

/* Delivers what was sent, and what is sent because of that. */
static void deliver(void)
{
    while (n_packets) {
        __typeof__(packets[0]) packet = packets[0];

        memmove(packets, packets + 1, --n_packets * sizeof(packet));
        for (size_t i = 0; i < SIDES; i++) {
            struct side *side = &sides[i];
            bool is_control = net_address_is(&packet.to, &side->control);

            if (is_control || net_address_is(&packet.to, &side->data))
                rtpmidi_traffic_take(&side->peers, is_control, &packet.from, packet.data, packet.bytes,
                                     now_ns);
        }
    }
}

/* Lets time pass, as timers would. */
static void pass(uint64_t ns)
{
    uint64_t end_ns = now_ns + ns;

    for (unsigned n = 0; now_ns < end_ns; n++) {
        uint64_t next_ns = end_ns;

        assert_true(n < 10000);
        for (size_t i = 0; i < SIDES; i++) {
            if (rtpmidi_peers_next_ns(&sides[i].peers) < next_ns)
                next_ns = rtpmidi_peers_next_ns(&sides[i].peers);
        }
        now_ns = next_ns > now_ns ? next_ns : now_ns;
        for (size_t i = 0; i < SIDES; i++) {
            rtpmidi_traffic_tick(&sides[i].peers, now_ns);
            assert_true(rtpmidi_peers_next_ns(&sides[i].peers) > now_ns);
        }
        deliver();
    }
}

static int begin(void **state)
{
    static const char *const names[] = {"one", "two", "three"};

    memset(sides, 0, sizeof(sides));
    now_ns = 1000 * S;
    n_packets = 0;
    is_cut = false;
    played[0] = '\0';
    for (size_t i = 0; i < SIDES; i++) {
        sides[i].control = at((uint16_t)(5004 + 10 * i));
        sides[i].data = at((uint16_t)(5005 + 10 * i));
        sides[i].peers = (struct rtpmidi_peers){
            .calls = {&sides[i], send_packet, say, came, went, random_number, malformed, play},
            .name = names[i],
            .ssrc = 100 + (uint32_t)i,
        };
        rtpmidi_peers_init(&sides[i].peers);
        rtpmidi_output_begin(&sides[i].output, &sides[i].peers, 0xfff0);
    }
    return 0;
}

/* Lets a side play a message. */
static void play_on(struct side *side, const char *message, size_t bytes)
{
    rtpmidi_output_add(&side->output, (const uint8_t *)message, bytes, now_ns);
    rtpmidi_output_flush(&side->output, now_ns);
    deliver();
}

#define PLAY(side, message) play_on(side, message, sizeof(message) - 1)

/* Connects the first side to the second. */
static void connect_both(void)
{
    sides[1].peers.joins[sides[1].peers.n_joins++] = "*";
    assert_true(rtpmidi_peers_add(&sides[0].peers, &sides[1].control, now_ns));
    pass(S / 10);
    assert_log(&sides[0], "\"two\" at 127.0.0.1:5014 is connected\n");
    assert_log(&sides[1], "\"one\" at 127.0.0.1:5004 is connected\n");
}

static void assert_status(const struct side *side, const char *expected)
{
    char text[256] = "";

    rtpmidi_peers_describe(&side->peers, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void test_joining_and_playing(void **state)
{
    assert_status(&sides[1], "nobody has joined");
    connect_both();
    assert_int_equal(sides[0].n_came + sides[1].n_came, 2);
    assert_int_equal(sides[0].peers.list[0].token, sides[1].peers.list[0].token);
    assert_status(&sides[0], "two at 127.0.0.1:5014, 0.1 ms");
    assert_status(&sides[1], "one at 127.0.0.1:5004, 0.1 ms");
    PLAY(&sides[0], "\x90\x3c\x40");
    PLAY(&sides[1], "\xb0\7\1");
    assert_played("90 3c 40, b0 07 01");
}

static void test_the_end_is_said(void **state)
{
    connect_both();
    PLAY(&sides[0], "\x90\x3c\x40");
    rtpmidi_traffic_end(&sides[0].peers);
    deliver();
    assert_log(&sides[1], "!\"one\" at 127.0.0.1:5004 has left\n");
    assert_played("90 3c 40, 80 3c 00"); /* nobody else could end the note */
    assert_int_equal(sides[1].n_went, 1);
    assert_int_equal(sides[1].peers.list[0].phase, RTPMIDI_FREE);
}

static void test_the_end_may_come_on_either_port(void **state)
{
    for (int is_control = 0; is_control < 2; is_control++) {
        struct rtpmidi_apple bye = {.command = RTPMIDI_BY, .ssrc = 100};
        uint8_t out[RTPMIDI_APPLE_BYTES];
        size_t bytes = rtpmidi_apple_write(out, &bye);

        begin(state);
        connect_both();
        rtpmidi_traffic_take(&sides[1].peers, is_control, &sides[0].data, out, bytes, now_ns);
        assert_log(&sides[1], "!\"one\" at 127.0.0.1:5004 has left\n");
    }
}

static void test_one_that_has_left_is_invited_again(void **state)
{
    connect_both();
    rtpmidi_traffic_end(&sides[1].peers);
    deliver();
    assert_log(&sides[0], "!\"two\" at 127.0.0.1:5014 has left\n");
    pass(2 * S);
    assert_log(&sides[0], "\"two\" at 127.0.0.1:5014 is connected\n");
}

static void test_nobody_joins_unasked(void **state)
{
    sides[1].peers.joins[sides[1].peers.n_joins++] = "three";
    rtpmidi_peers_add(&sides[0].peers, &sides[1].control, now_ns);
    rtpmidi_peers_add(&sides[2].peers, &sides[1].control, now_ns);
    pass(S);
    assert_log(&sides[0], "!127.0.0.1:5014 refuses the invitation; it is invited again\n");
    assert_log(&sides[1], "\"three\" at 127.0.0.1:5024 is connected\n");
    PLAY(&sides[0], "\x90\x3c\x40");
    assert_played("");
    pass(60 * S);
    assert_log(&sides[0], ""); /* it is said once */
    assert_status(&sides[0], "127.0.0.1:5014 missing");
}

static void test_strangers_are_not_listened_to(void **state)
{
    static const uint8_t note[] = "\x80\x61\0\1\0\0\0\0\0\0\0\x64\3\x90\x3c\x40";
    struct rtpmidi_apple clock = {.command = RTPMIDI_CK, .ssrc = 102};
    uint8_t out[RTPMIDI_APPLE_BYTES];
    size_t bytes = rtpmidi_apple_write(out, &clock);
    unsigned before;

    connect_both();
    before = n_sent;
    rtpmidi_traffic_take(&sides[1].peers, false, &sides[2].data, note, sizeof(note) - 1, now_ns);
    rtpmidi_traffic_take(&sides[1].peers, true, &sides[0].data, note, sizeof(note) - 1, now_ns);
    rtpmidi_traffic_take(&sides[1].peers, true, &sides[2].control, out, bytes, now_ns);
    assert_played("");
    assert_int_equal(n_sent, before);
    rtpmidi_traffic_take(&sides[1].peers, false, &sides[0].data, note, sizeof(note) - 1, now_ns);
    assert_played("90 3c 40"); /* the same from the peer, whose SSRC it has */
}

static void test_refusals_are_few(void **state)
{
    struct rtpmidi_apple invitation = {.command = RTPMIDI_IN, .ssrc = 7, .name = "x"};
    uint8_t out[RTPMIDI_APPLE_BYTES];
    size_t bytes = rtpmidi_apple_write(out, &invitation);

    is_cut = true;
    n_sent = 0;
    for (unsigned i = 0; i < 100; i++)
        rtpmidi_traffic_take(&sides[1].peers, i % 2, &sides[2].control, out, bytes, now_ns);
    assert_int_equal(n_sent, 10);
    assert_int_equal(last_apple.command, RTPMIDI_NO);
    now_ns += S;
    rtpmidi_traffic_take(&sides[1].peers, true, &sides[2].control, out, bytes, now_ns);
    assert_int_equal(n_sent, 11);
}

static void test_invitations_that_are_not_completed(void **state)
{
    struct rtpmidi_apple invitation = {.command = RTPMIDI_IN, .name = "x"};
    uint8_t out[RTPMIDI_APPLE_BYTES];

    is_cut = true;
    sides[1].peers.joins[sides[1].peers.n_joins++] = "*";
    for (uint32_t i = 0; i <= RTPMIDI_MAX_PEERS; i++) {
        struct net_address from = i ? at_host((uint8_t)i, 5004) : sides[2].control;

        invitation.ssrc = 1000 + i;
        rtpmidi_traffic_take(&sides[1].peers, true, &from, out, rtpmidi_apple_write(out, &invitation),
                             now_ns);
        assert_int_equal(last_apple.command, i < RTPMIDI_MAX_PEERS ? RTPMIDI_OK : RTPMIDI_NO);
    }
    invitation.ssrc = 1000;
    invitation.token = 1; /* not the one of the control port */
    rtpmidi_traffic_take(&sides[1].peers, false, &sides[2].data, out, rtpmidi_apple_write(out, &invitation),
                         now_ns);
    assert_int_equal(last_apple.command, RTPMIDI_NO);
    pass(11 * S);
    assert_int_equal(sides[1].n_came, 0);
    rtpmidi_traffic_take(&sides[1].peers, true, &sides[2].control, out, rtpmidi_apple_write(out, &invitation),
                         now_ns);
    assert_int_equal(last_apple.command, RTPMIDI_OK);
    assert_log(&sides[1], "");
}

/* One host cannot take the places of all others, by whichever ports and numbers. */
static void test_a_host_has_a_few_places(void **state)
{
    struct rtpmidi_apple invitation = {.command = RTPMIDI_IN, .name = "x"};
    uint8_t out[RTPMIDI_APPLE_BYTES];
    struct net_address from;

    sides[1].peers.joins[sides[1].peers.n_joins++] = "*";
    from = at_host(1, 4000);
    assert_true(rtpmidi_peers_add(&sides[1].peers, &from, now_ns)); /* does not count */
    for (uint16_t i = 0; i < 2 * RTPMIDI_PER_HOST; i++) {
        from = at_host(1, (uint16_t)(6000 + i));
        invitation.ssrc = 1000 + i;
        rtpmidi_traffic_take(&sides[1].peers, true, &from, out, rtpmidi_apple_write(out, &invitation),
                             now_ns);
        assert_int_equal(last_apple.command, i < RTPMIDI_PER_HOST ? RTPMIDI_OK : RTPMIDI_NO);
    }
    from = at_host(2, 6000);
    rtpmidi_traffic_take(&sides[1].peers, true, &from, out, rtpmidi_apple_write(out, &invitation), now_ns);
    assert_int_equal(last_apple.command, RTPMIDI_OK);
    n_packets = 0;
}

static void test_a_peer_that_is_missing_at_first(void **state)
{
    is_cut = true;
    rtpmidi_peers_add(&sides[0].peers, &sides[1].control, now_ns);
    n_sent = 0;
    pass(15 * S);
    assert_int_equal(n_sent, 5); /* at once, and after 1, 2, 4 and 8 seconds more */
    pass(60 * S);
    assert_log(&sides[0], "!127.0.0.1:5014 does not answer the invitation; still inviting it\n");
    assert_int_equal(n_sent, 11);
    is_cut = false;
    sides[1].peers.joins[sides[1].peers.n_joins++] = "one";
    pass(11 * S);
    assert_log(&sides[0], "\"two\" at 127.0.0.1:5014 is connected\n");
}

static void test_a_peer_that_vanishes_and_comes_back(void **state)
{
    connect_both();
    PLAY(&sides[1], "\x90\x3c\x40");
    is_cut = true;
    pass(45 * S);
    assert_log(&sides[0], "");
    pass(70 * S);
    assert_log(&sides[0], "!\"two\" at 127.0.0.1:5014 has not been heard for a minute\n");
    assert_log(&sides[1], "!\"one\" at 127.0.0.1:5004 has not been heard for a minute\n");
    assert_played("90 3c 40, 80 3c 00");
    assert_int_equal(sides[0].n_went, 1);
    is_cut = false;
    pass(11 * S);
    assert_log(&sides[0], "\"two\" at 127.0.0.1:5014 is connected\n");
    assert_int_equal(sides[0].n_came, 2);
}

static void test_clocks_keep_a_session(void **state)
{
    connect_both();
    n_sent = 0;
    pass(S);
    assert_int_equal(n_sent, 6); /* two more, each with both answers */
    n_sent = 0;
    pass(600 * S);
    assert_int_equal(n_sent, 180);
    assert_log(&sides[0], "");
    assert_log(&sides[1], "");
}

static void test_one_begins_anew_without_a_word(void **state)
{
    connect_both();
    rtpmidi_peers_init(&sides[0].peers);
    sides[0].peers.ssrc = 200;
    rtpmidi_peers_add(&sides[0].peers, &sides[1].control, now_ns);
    pass(S);
    assert_log(&sides[0], "\"two\" at 127.0.0.1:5014 is connected\n");
    PLAY(&sides[1], "\x90\x3c\x40");
    assert_played("90 3c 40");
}

static void test_two_that_invite_each_other_have_one_session(void **state)
{
    rtpmidi_peers_add(&sides[0].peers, &sides[1].control, now_ns);
    rtpmidi_peers_add(&sides[1].peers, &sides[0].control, now_ns);
    pass(30 * S);
    assert_log(&sides[0], "\"two\" at 127.0.0.1:5014 is connected\n");
    assert_log(&sides[1], "\"one\" at 127.0.0.1:5004 is connected\n");
    assert_false(sides[0].peers.list[0].is_invited);
    assert_true(sides[1].peers.list[0].is_invited);
    PLAY(&sides[0], "\xb0\7\1");
    PLAY(&sides[1], "\xb0\7\2");
    assert_played("b0 07 01, b0 07 02");
}

static void test_nobody_joins_with_our_number(void **state)
{
    sides[0].peers.joins[sides[0].peers.n_joins++] = "*";
    rtpmidi_peers_add(&sides[0].peers, &sides[0].control, now_ns); /* itself */
    sides[1].peers.ssrc = sides[0].peers.ssrc;
    rtpmidi_peers_add(&sides[1].peers, &sides[0].control, now_ns);
    pass(30 * S);
    assert_log(&sides[0], "!127.0.0.1:5004 refuses the invitation; it is invited again\n");
    assert_log(&sides[1], "!127.0.0.1:5004 refuses the invitation; it is invited again\n");
}

static void test_what_is_lost_comes_with_the_next_packet(void **state)
{
    connect_both();
    PLAY(&sides[0], "\x90\x3c\x40");
    is_cut = true;
    PLAY(&sides[0], "\x80\x3c\0");
    PLAY(&sides[0], "\xb0\7\1");
    PLAY(&sides[0], "\xb0\7\2");
    PLAY(&sides[0], "\xe0\0\x40");
    is_cut = false;
    PLAY(&sides[0], "\xc0\5");
    assert_played("90 3c 40, b0 07 02, e0 00 40, 80 3c 00, c0 05");
    assert_status(&sides[1], "one at 127.0.0.1:5004, 0.1 ms, 4 packets lost");
}

/* A key that is pressed and released: if the former is lost, it is heard all the same. */
static void test_a_note_that_ends_in_the_next_packet(void **state)
{
    connect_both();
    PLAY(&sides[0], "\x90\x3b\x40");
    is_cut = true;
    PLAY(&sides[0], "\x90\x3c\x40");
    is_cut = false;
    PLAY(&sides[0], "\x80\x3c\0");
    assert_played("90 3b 40, 90 3c 40, 80 3c 00");
}

/* Returns the length of the packet with a message. */
static size_t bytes_of_next(uint8_t controller)
{
    const uint8_t message[] = {0xb1, controller, 1};
    size_t bytes;

    rtpmidi_output_add(&sides[0].output, message, sizeof(message), now_ns);
    rtpmidi_output_flush(&sides[0].output, now_ns);
    bytes = packets[n_packets - 1].bytes;
    deliver();
    return bytes;
}

static void test_receipts_trim_the_journal(void **state)
{
    connect_both();
    for (uint8_t i = 0; i < 40; i++)
        play_on(&sides[0], (const char[]){(char)0xb0, (char)(i + 40), 1}, 3);
    assert_int_equal(bytes_of_next(1), 14 + 3 + 3 + 3 + 1 + 80);
    pass(2 * S);
    assert_int_equal(bytes_of_next(2), 14 + 3 + 3);
    assert_int_equal(bytes_of_next(3), 14 + 3 + 3 + 3 + 1 + 2);
}

static void test_without_receipts_the_journal_has_64_packets(void **state)
{
    connect_both();
    for (uint8_t i = 0; i < 65; i++)
        play_on(&sides[0], (const char[]){(char)0xb0, (char)(i + 20), 1}, 3);
    assert_int_equal(bytes_of_next(1), 14 + 3 + 3 + 3 + 1 + 2 * 63); /* 38 is of a parameter */
}

static void test_packets_are_never_too_long(void **state)
{
    uint8_t sysex[RTPMIDI_SYSEX_BYTES] = {0xf0};

    connect_both();
    for (unsigned i = 0; i < 60; i++) {
        for (unsigned n = 0; n < 200; n++) {
            uint8_t message[] = {(uint8_t)(0x90 + n % 16), (uint8_t)(rand() & 0x7f), 1};

            rtpmidi_output_add(&sides[0].output, message, 3, now_ns);
        }
        rtpmidi_output_flush(&sides[0].output, now_ns);
        deliver();
        played[0] = '\0';
    }
    sysex[sizeof(sysex) - 1] = 0xf7;
    PLAY(&sides[0], "\xf8");
    rtpmidi_output_add(&sides[0].output, sysex, sizeof(sysex), now_ns);
    deliver();
    assert_int_equal(strlen(played), strlen("f8, ") + 3 * sizeof(sysex) - 1);
    assert_int_equal(sides[1].n_malformed, 0);
    played[0] = '\0';
}

static void test_direct(void **state)
{
    for (size_t i = 0; i < 2; i++)
        sides[i].peers.is_direct = true;
    rtpmidi_peers_add(&sides[0].peers, &sides[1].data, now_ns);
    PLAY(&sides[0], "\xb0\x08\1");
    assert_played("");
    sides[1].peers.learns = true;
    assert_status(&sides[1], "nobody is heard");
    PLAY(&sides[0], "\xb0\7\2");
    PLAY(&sides[1], "\xb0\7\3");
    assert_played("b0 08 01, b0 07 02, b0 07 03"); /* the first one by the journal */
    assert_log(&sides[1], "127.0.0.1:5005 is heard\n");
    assert_status(&sides[0], "127.0.0.1:5015");
    PLAY(&sides[0], "\x90\x3c\x40");
    PLAY(&sides[1], "\x90\x3d\x40");
    assert_played("90 3c 40, 90 3d 40");
    pass(61 * S);
    assert_played("80 3c 00"); /* one that was learned has lost its place; a configured one is only silent */
    assert_int_equal(sides[0].n_went + sides[1].n_went, 2);
    assert_status(&sides[0], "127.0.0.1:5015 silent");
    PLAY(&sides[0], "\xb0\x09\1");
    played[0] = '\0';
    PLAY(&sides[1], "\xb0\7\4");
    assert_played("b0 07 04");
    assert_log(&sides[0], "127.0.0.1:5015 is heard\n"); /* once */
    assert_int_equal(sides[0].n_came, 2);
}

static void test_only_so_many_are_learned(void **state)
{
    static const uint8_t note[] = "\x80\x61\0\1\0\0\0\0\0\0\0\x64\3\x90\x3c\x40";

    sides[0].peers.is_direct = sides[0].peers.learns = true;
    for (uint16_t i = 0; i <= RTPMIDI_MAX_PEERS; i++) {
        struct net_address from = at_host((uint8_t)(i / RTPMIDI_PER_HOST), (uint16_t)(6000 + i));

        rtpmidi_traffic_take(&sides[0].peers, false, &from, note, sizeof(note) - 1, now_ns);
    }
    assert_int_equal(sides[0].n_came, RTPMIDI_MAX_PEERS);
    assert_int_equal(sides[0].n_malformed, 1);
    played[0] = '\0';
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_joining_and_playing, begin),
        cmocka_unit_test_setup(test_the_end_is_said, begin),
        cmocka_unit_test_setup(test_the_end_may_come_on_either_port, begin),
        cmocka_unit_test_setup(test_one_that_has_left_is_invited_again, begin),
        cmocka_unit_test_setup(test_nobody_joins_unasked, begin),
        cmocka_unit_test_setup(test_a_host_has_a_few_places, begin),
        cmocka_unit_test_setup(test_strangers_are_not_listened_to, begin),
        cmocka_unit_test_setup(test_refusals_are_few, begin),
        cmocka_unit_test_setup(test_invitations_that_are_not_completed, begin),
        cmocka_unit_test_setup(test_a_peer_that_is_missing_at_first, begin),
        cmocka_unit_test_setup(test_a_peer_that_vanishes_and_comes_back, begin),
        cmocka_unit_test_setup(test_clocks_keep_a_session, begin),
        cmocka_unit_test_setup(test_one_begins_anew_without_a_word, begin),
        cmocka_unit_test_setup(test_two_that_invite_each_other_have_one_session, begin),
        cmocka_unit_test_setup(test_nobody_joins_with_our_number, begin),
        cmocka_unit_test_setup(test_what_is_lost_comes_with_the_next_packet, begin),
        cmocka_unit_test_setup(test_a_note_that_ends_in_the_next_packet, begin),
        cmocka_unit_test_setup(test_receipts_trim_the_journal, begin),
        cmocka_unit_test_setup(test_without_receipts_the_journal_has_64_packets, begin),
        cmocka_unit_test_setup(test_packets_are_never_too_long, begin),
        cmocka_unit_test_setup(test_direct, begin),
        cmocka_unit_test_setup(test_only_so_many_are_learned, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
