/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads any bytes as packets of RTP-MIDI and its sessions from several senders, on both ports, as time
 * passes. In addition to the sanitizers it checks that only complete messages are passed on, that nobody gets
 * more packets than were received, that who is there is counted right, and that what was played can be sent
 * on in packets that play the same, with journals that are sound.
 */
#include <arpa/inet.h>

#include "broker/rtpmidi/output.h"
#include "broker/rtpmidi/traffic.h"
#include "tests/fuzz/fuzz.h"

#define SENDERS 4

static struct rtpmidi_peers peers, heard;
static struct rtpmidi_output output;
static struct rtpmidi_stream stream;
static unsigned n_answers;
static uint64_t n_played, n_heard;
static uint64_t now_ns;

static bool is_complete(const uint8_t *message, size_t bytes)
{
    if (bytes == 0 || message[0] < 0x80)
        return false;
    if (message[0] == 0xf0 ? bytes < 2 || message[bytes - 1] != 0xf7
                           : bytes != rtpmidi_message_bytes(message[0]))
        return false;
    for (size_t i = 1; i + (message[0] == 0xf0) < bytes; i++) {
        if (message[i] >= 0x80)
            return false;
    }
    return true;
}

static void played(void *userdata, const uint8_t *message, size_t bytes)
{
    require(is_complete(message, bytes));
    n_played++;
    rtpmidi_output_add(&output, message, bytes, now_ns);
}

static void sent(void *userdata, bool is_control, const struct net_address *to, const uint8_t *data,
                 size_t bytes)
{
    struct rtpmidi_apple packet;
    const char *what;

    require(bytes <= RTPMIDI_PACKET_BYTES && rtpmidi_apple_read(&packet, data, bytes, &what) == 0);
    n_answers++;
}

static void say(void *userdata, bool is_warning, const char *text)
{
    require(strlen(text) < 400);
}

static void changed(void *userdata)
{
    require(peers.n_present <= RTPMIDI_MAX_PEERS);
}

static uint32_t random_number(void *userdata)
{
    return 1;
}

static void malformed(void *userdata, const struct net_address *from, const char *what)
{
    require(what != NULL);
}

/* What is sent on plays the same as what was received. */
static void sent_on(void *userdata, bool is_control, const struct net_address *to, const uint8_t *data,
                    size_t bytes)
{
    struct rtpmidi_packet packet;
    const char *what = NULL;

    require(bytes <= RTPMIDI_PACKET_BYTES && rtpmidi_packet_read(&packet, data, bytes, &what) == 0);
    require(packet.journal != NULL);
    require(rtpmidi_journal_read(&(struct rtpmidi_journal){0}, packet.journal, packet.journal_bytes, NULL,
                                 NULL, &what) == 0);
    require(rtpmidi_stream_take(&stream, &packet, now_ns, &what) == 0);
    require(stream.n_lost == 0);
}

static void heard_on(void *userdata, const uint8_t *message, size_t bytes)
{
    require(is_complete(message, bytes));
    n_heard++;
}

static struct net_address address_of(unsigned sender, bool is_control)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct net_address address = {.bytes = sizeof(in)};

    memcpy(&address.storage, &in, sizeof(in));
    net_address_set_port(&address, (uint16_t)(5004 + 2 * (sender % SENDERS) + !is_control));
    return address;
}

static void check_peers(void)
{
    size_t n = 0;

    for (size_t i = 0; i < RTPMIDI_MAX_PEERS; i++)
        n += peers.is_direct ? peers.list[i].phase != RTPMIDI_FREE && peers.list[i].is_present
                             : peers.list[i].phase == RTPMIDI_CONNECTED;
    require(n == peers.n_present);
}

/* Takes a packet of the input: sender and port, tenths of a second since the last one, length, bytes. */
static void take_packet(struct input *input)
{
    unsigned sender = (unsigned)take_number(input, 1);
    bool is_control = sender & 0x80;
    struct net_address from = address_of(sender, is_control);
    uint64_t passed = take_number(input, 1);
    size_t bytes, wanted = take_number(input, 2);
    uint8_t *copy = take_copy(input, wanted, &bytes);

    now_ns += passed * 100 * FC_NS_PER_MS;
    rtpmidi_traffic_tick(&peers, now_ns);
    require(rtpmidi_peers_next_ns(&peers) > now_ns);
    n_answers = 0;
    rtpmidi_traffic_take(&peers, is_control, &from, copy, bytes, now_ns);
    require(n_answers <= 1 + (peers.n_present > 0)); /* an OK that we get is followed by a clock */
    rtpmidi_output_flush(&output, now_ns);
    require(n_heard == n_played);
    check_peers();
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {data, bytes};
    unsigned flags = (unsigned)take_number(&input, 1);
    struct net_address configured = address_of(0, flags & 2);

    now_ns = 100 * FC_NS_PER_S;
    n_played = n_heard = 0;
    memset(&peers, 0, sizeof(peers));
    memset(&heard, 0, sizeof(heard));
    peers.calls = (struct rtpmidi_calls){NULL, sent, say, changed, changed, random_number, malformed, played};
    peers.is_direct = flags & 1;
    peers.learns = peers.is_direct && flags & 2;
    peers.name = "here";
    peers.ssrc = 0x40000000;
    peers.joins[0] = flags & 4 ? "*" : "friend";
    peers.n_joins = 1;
    rtpmidi_peers_init(&peers);
    rtpmidi_peers_add(&peers, &configured, now_ns);
    heard.calls.send = sent_on;
    heard.is_direct = true;
    rtpmidi_peers_init(&heard);
    heard.calls.message = heard_on;
    rtpmidi_peers_add(&heard, &configured, now_ns);
    rtpmidi_output_begin(&output, &heard, (uint16_t)(flags << 8));
    rtpmidi_stream_init(&stream, heard_on, NULL);
    while (input.left)
        take_packet(&input);
    rtpmidi_traffic_end(&peers);
    return 0;
}
