/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What packets of sessions lead to. If two sides invite each other, that with the higher SSRC goes on, and
 * the other one joins. Used in the broker.
 */
#include "broker/rtpmidi/answer.h"

#include <string.h>

#include "broker/rtpmidi/session.h"

#define REFUSED_NS (10 * FC_NS_PER_S) /* until the next invitation */
#define LEFT_NS    FC_NS_PER_S

/* Whether a session of this name may join by itself. */
static bool may_join(const struct rtpmidi_peers *peers, const char *name)
{
    for (size_t i = 0; i < peers->n_joins; i++) {
        if (strcmp(peers->joins[i], "*") == 0 || strcmp(peers->joins[i], name) == 0)
            return true;
    }
    return false;
}

/* Finds the peer that a packet names, on whichever port it came from. */
static struct rtpmidi_peer *find(struct rtpmidi_peers *peers, const struct net_address *from, uint32_t ssrc)
{
    for (size_t i = 0; i < RTPMIDI_MAX_PEERS; i++) {
        struct rtpmidi_peer *peer = &peers->list[i];

        if (peer->phase >= RTPMIDI_ACCEPTED && peer->ssrc == ssrc &&
            net_address_is_host(&peer->control, from))
            return peer;
    }
    return NULL;
}

/* Finds the configured peer with this control port. */
static struct rtpmidi_peer *find_configured(struct rtpmidi_peers *peers, const struct net_address *from)
{
    for (size_t i = 0; i < RTPMIDI_MAX_PEERS; i++) {
        struct rtpmidi_peer *peer = &peers->list[i];

        if (peer->phase != RTPMIDI_FREE && peer->is_configured && net_address_is(&peer->control, from))
            return peer;
    }
    return NULL;
}

/* Finds a place for a sender that invites us. NULL if it may not join, or if we invite it: see above. */
static struct rtpmidi_peer *place_guest(struct rtpmidi_peers *peers, const struct net_address *from,
                                        const struct rtpmidi_apple *packet, bool *is_ignored)
{
    struct rtpmidi_peer *peer = find_configured(peers, from);

    *is_ignored = false;
    if (packet->ssrc == peers->ssrc) /* we ourselves, or one that cannot be told from us */
        return NULL;
    *is_ignored = peer && (peer->phase == RTPMIDI_INVITED || peer->phase == RTPMIDI_ACCEPTED) &&
                  peers->ssrc > packet->ssrc;
    if (*is_ignored)
        return NULL;
    if (!peer)
        peer = find(peers, from, packet->ssrc);
    if (!peer && may_join(peers, packet->name))
        peer = rtpmidi_peers_place(peers, from);
    return peer;
}

/* Refuses an invitation, but not faster than somebody could mean it. */
static void refuse(struct rtpmidi_peers *peers, bool is_control, const struct net_address *from,
                   const struct rtpmidi_apple *packet, uint64_t now_ns)
{
    if (rtpmidi_peers_may_say(peers, now_ns))
        rtpmidi_session_send_invitation(peers, is_control, from, RTPMIDI_NO, packet->token);
}

static void take_invitation(struct rtpmidi_peers *peers, const struct net_address *from,
                            const struct rtpmidi_apple *packet, uint64_t now_ns)
{
    bool is_ignored;
    struct rtpmidi_peer *peer = place_guest(peers, from, packet, &is_ignored);

    if (is_ignored)
        return;
    if (!peer) {
        refuse(peers, true, from, packet, now_ns);
        return;
    }
    if (peer->phase == RTPMIDI_CONNECTED && (peer->ssrc != packet->ssrc || peer->token != packet->token))
        rtpmidi_peers_drop(peers, peer, "begins anew", now_ns, RTPMIDI_JOINING_NS);
    peer->control = *from;
    peer->ssrc = packet->ssrc;
    peer->token = packet->token;
    peer->heard_ns = now_ns;
    memcpy(peer->name, packet->name, sizeof(peer->name));
    if (peer->phase != RTPMIDI_CONNECTED) {
        peer->phase = RTPMIDI_JOINING;
        peer->next_ns = RTPMIDI_NEVER;
        peer->is_invited = false;
    }
    rtpmidi_session_send_invitation(peers, true, from, RTPMIDI_OK, packet->token);
}

static void take_data_invitation(struct rtpmidi_peers *peers, const struct net_address *from,
                                 const struct rtpmidi_apple *packet, uint64_t now_ns)
{
    struct rtpmidi_peer *peer = find(peers, from, packet->ssrc);

    if (!peer || peer->token != packet->token || peer->phase < RTPMIDI_JOINING || peer->is_invited) {
        refuse(peers, false, from, packet, now_ns);
        return;
    }
    peer->data = *from;
    rtpmidi_session_send_invitation(peers, false, from, RTPMIDI_OK, packet->token);
    rtpmidi_peers_connect(peers, peer, now_ns);
}

/* Finds the peer that answers an invitation. */
static struct rtpmidi_peer *find_invited(struct rtpmidi_peers *peers, bool is_control,
                                         const struct net_address *from, uint32_t token)
{
    for (size_t i = 0; i < RTPMIDI_MAX_PEERS; i++) {
        struct rtpmidi_peer *peer = &peers->list[i];

        if (peer->phase == (is_control ? RTPMIDI_INVITED : RTPMIDI_ACCEPTED) && peer->token == token &&
            net_address_is(is_control ? &peer->control : &peer->data, from))
            return peer;
    }
    return NULL;
}

static void take_ok(struct rtpmidi_peers *peers, bool is_control, const struct net_address *from,
                    const struct rtpmidi_apple *packet, uint64_t now_ns)
{
    struct rtpmidi_peer *peer = find_invited(peers, is_control, from, packet->token);

    if (!peer)
        return;
    peer->ssrc = packet->ssrc;
    memcpy(peer->name, packet->name, sizeof(peer->name));
    if (is_control) {
        peer->phase = RTPMIDI_ACCEPTED;
        peer->n_tries = 0;
        rtpmidi_session_invite_data(peers, peer, now_ns);
        return;
    }
    peer->is_invited = true;
    rtpmidi_peers_connect(peers, peer, now_ns);
    rtpmidi_session_tick(peers, peer, now_ns);
}

static void take_no(struct rtpmidi_peers *peers, bool is_control, const struct net_address *from,
                    const struct rtpmidi_apple *packet, uint64_t now_ns)
{
    struct rtpmidi_peer *peer = find_invited(peers, is_control, from, packet->token);

    if (!peer)
        return;
    if (!peer->is_missed)
        rtpmidi_peers_say(peers, peer, true, "refuses the invitation; it is invited again");
    peer->is_missed = true;
    peer->phase = RTPMIDI_WAITING;
    peer->next_ns = now_ns + REFUSED_NS;
}

/* Returns how long ago it was when a clock of ours said this; 0 if it cannot have been ours. */
static uint64_t since_ns(uint64_t time, uint64_t now_ns)
{
    uint64_t now = now_ns / RTPMIDI_TICK_NS;

    if (time > now || now - time > RTPMIDI_SILENCE_NS / RTPMIDI_TICK_NS)
        return 0;
    return now == time ? RTPMIDI_TICK_NS : (now - time) * RTPMIDI_TICK_NS;
}

static void take_clock(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, bool is_control,
                       const struct net_address *from, const struct rtpmidi_apple *packet, uint64_t now_ns)
{
    struct rtpmidi_apple answer = *packet;

    if (packet->count < 2) {
        answer.ssrc = peers->ssrc;
        answer.count = packet->count + 1;
        answer.times[answer.count] = now_ns / RTPMIDI_TICK_NS;
        rtpmidi_session_send(peers, is_control, from, &answer);
    }
    if (packet->count > 0)
        peer->latency_ns = since_ns(packet->times[packet->count - 1], now_ns);
}

/* Takes what only a peer may send. */
static void take_of_peer(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, bool is_control,
                         const struct net_address *from, const struct rtpmidi_apple *packet, uint64_t now_ns)
{
    if (packet->command == RTPMIDI_BY) {
        rtpmidi_peers_drop(peers, peer, "has left", now_ns, LEFT_NS);
        return;
    }
    if (peer->phase != RTPMIDI_CONNECTED)
        return;
    peer->heard_ns = now_ns;
    if (packet->command == RTPMIDI_CK)
        take_clock(peers, peer, is_control, from, packet, now_ns);
    if (packet->command == RTPMIDI_RS) {
        peer->has_receipt = true;
        peer->receipt = packet->sequence;
    }
}

void rtpmidi_answer_take(struct rtpmidi_peers *peers, bool is_control, const struct net_address *from,
                         const uint8_t *data, size_t bytes, uint64_t now_ns)
{
    struct rtpmidi_apple packet;
    struct rtpmidi_peer *peer;
    const char *what;

    if (rtpmidi_apple_read(&packet, data, bytes, &what) < 0) {
        peers->calls.malformed(peers->calls.userdata, from, what);
        return;
    }
    switch (packet.command) {
    case RTPMIDI_IN:
        if (is_control)
            take_invitation(peers, from, &packet, now_ns);
        else
            take_data_invitation(peers, from, &packet, now_ns);
        return;
    case RTPMIDI_OK:
        take_ok(peers, is_control, from, &packet, now_ns);
        return;
    case RTPMIDI_NO:
        take_no(peers, is_control, from, &packet, now_ns);
        return;
    default:
        peer = find(peers, from, packet.ssrc);
        if (peer)
            take_of_peer(peers, peer, is_control, from, &packet, now_ns);
        return;
    }
}
