/* SPDX-License-Identifier: BSD-2-Clause */
/* Where packets of peers come in, and what is due for each of them in either mode. Used in the broker. */
#include "broker/rtpmidi/traffic.h"

#include "broker/rtpmidi/answer.h"
#include "broker/rtpmidi/session.h"

#define RECEIPT_NS FC_NS_PER_S

/* Notes that a peer was heard in direct mode, where nobody says so when they come. */
static void be_present(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, uint64_t now_ns)
{
    bool is_new = !peer->is_present;

    peer->heard_ns = now_ns;
    peer->is_present = true;
    if (!is_new)
        return;
    peers->n_present++;
    if (!peer->is_missed) /* without sessions, silence means nothing, so the log has it the first time only */
        rtpmidi_peers_say_if_few(peers, peer, false, "is heard", now_ns);
    peers->calls.came(peers->calls.userdata);
}

/* Finds the peer whose packet this is, or in direct mode learns it. */
static struct rtpmidi_peer *find_sender(struct rtpmidi_peers *peers, const struct net_address *from,
                                        uint32_t ssrc)
{
    struct rtpmidi_peer *peer;

    for (size_t i = 0; i < RTPMIDI_MAX_PEERS; i++) {
        peer = &peers->list[i];
        if (peer->phase == RTPMIDI_CONNECTED && net_address_is(&peer->data, from) &&
            (peers->is_direct || peer->ssrc == ssrc))
            return peer;
    }
    if (!peers->is_direct || !peers->learns)
        return NULL;
    peer = rtpmidi_peers_place(peers, from);
    if (!peer) {
        peers->calls.malformed(peers->calls.userdata, from, "one sender more than can be learned");
        return NULL;
    }
    peer->phase = RTPMIDI_CONNECTED;
    peer->data = *from;
    return peer;
}

/* Takes what a peer plays. */
static void take_packet(struct rtpmidi_peers *peers, const struct net_address *from, const uint8_t *data,
                        size_t bytes, uint64_t now_ns)
{
    struct rtpmidi_packet packet;
    struct rtpmidi_peer *peer;
    const char *what = NULL;

    if (rtpmidi_packet_read(&packet, data, bytes, &what) < 0) {
        peers->calls.malformed(peers->calls.userdata, from, what);
        return;
    }
    peer = find_sender(peers, from, packet.ssrc);
    if (!peer)
        return;
    peer->heard_ns = now_ns;
    if (peers->is_direct)
        be_present(peers, peer, now_ns);
    else if (peer->receipt_ns == RTPMIDI_NEVER)
        peer->receipt_ns = now_ns + RECEIPT_NS;
    if (rtpmidi_stream_take(&peer->stream, &packet, now_ns, &what) < 0)
        peers->calls.malformed(peers->calls.userdata, from, what);
}

void rtpmidi_traffic_take(struct rtpmidi_peers *peers, bool is_control, const struct net_address *from,
                          const uint8_t *data, size_t bytes, uint64_t now_ns)
{
    if (rtpmidi_apple_is(data, bytes)) {
        if (!peers->is_direct)
            rtpmidi_answer_take(peers, is_control, from, data, bytes, now_ns);
    } else if (!is_control) {
        take_packet(peers, from, data, bytes, now_ns);
    }
}

static void tick(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, uint64_t now_ns)
{
    rtpmidi_stream_tick(&peer->stream, now_ns);
    if (!peers->is_direct)
        rtpmidi_session_tick(peers, peer, now_ns);
    else if (peer->is_present && now_ns - peer->heard_ns >= RTPMIDI_SILENCE_NS)
        rtpmidi_peers_drop(peers, peer, "has not been heard for a minute", now_ns, 0);
}

void rtpmidi_traffic_tick(struct rtpmidi_peers *peers, uint64_t now_ns)
{
    for (size_t i = 0; i < RTPMIDI_MAX_PEERS; i++) {
        if (peers->list[i].phase != RTPMIDI_FREE)
            tick(peers, &peers->list[i], now_ns);
    }
}

void rtpmidi_traffic_end(struct rtpmidi_peers *peers)
{
    for (size_t i = 0; i < RTPMIDI_MAX_PEERS; i++) {
        struct rtpmidi_peer *peer = &peers->list[i];

        if (!peers->is_direct)
            rtpmidi_session_leave(peers, peer);
        peer->phase = RTPMIDI_FREE;
    }
    peers->n_present = 0;
}
