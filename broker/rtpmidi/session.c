/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sessions. An invitation goes to the control port and then, with the same token, to the data port. The side
 * that invites also asks for the clock. Used in the broker.
 */
#include "broker/rtpmidi/session.h"

#include <stdio.h>

#define RETRY_NS     FC_NS_PER_S
#define MAX_PAUSE_NS (10 * FC_NS_PER_S)
#define SAY_AFTER    3 /* invitations without an answer */
#define GIVE_UP      5 /* of those to the data port */
#define FAST_CLOCKS  3
#define FAST_NS      (FC_NS_PER_S / 2)
#define SLOW_NS      (10 * FC_NS_PER_S)

void rtpmidi_session_send(struct rtpmidi_peers *peers, bool is_control, const struct net_address *to,
                          const struct rtpmidi_apple *packet)
{
    uint8_t out[RTPMIDI_APPLE_BYTES];
    size_t bytes = rtpmidi_apple_write(out, packet);

    peers->calls.send(peers->calls.userdata, is_control, to, out, bytes);
}

void rtpmidi_session_send_invitation(struct rtpmidi_peers *peers, bool is_control,
                                     const struct net_address *to, enum rtpmidi_command command,
                                     uint32_t token)
{
    struct rtpmidi_apple packet = {.command = command, .token = token, .ssrc = peers->ssrc};

    snprintf(packet.name, sizeof(packet.name), "%s", peers->name);
    rtpmidi_session_send(peers, is_control, to, &packet);
}

void rtpmidi_session_leave(struct rtpmidi_peers *peers, const struct rtpmidi_peer *peer)
{
    if (peer->phase == RTPMIDI_CONNECTED || peer->phase == RTPMIDI_ACCEPTED)
        rtpmidi_session_send_invitation(peers, true, &peer->control, RTPMIDI_BY, peer->token);
}

/* Returns how long to wait for an answer to the next invitation. */
static uint64_t pause_ns(const struct rtpmidi_peer *peer)
{
    uint64_t pause = RETRY_NS << (peer->n_tries < 4 ? peer->n_tries : 4);

    return pause < MAX_PAUSE_NS ? pause : MAX_PAUSE_NS;
}

/* Invites on the control port, again if need be. */
static void invite(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, uint64_t now_ns)
{
    if (peer->phase == RTPMIDI_WAITING)
        peer->token = peers->calls.random(peers->calls.userdata);
    peer->phase = RTPMIDI_INVITED;
    rtpmidi_session_send_invitation(peers, true, &peer->control, RTPMIDI_IN, peer->token);
    peer->next_ns = now_ns + pause_ns(peer);
    if (peer->n_tries++ != SAY_AFTER || peer->is_missed)
        return;
    peer->is_missed = true;
    rtpmidi_peers_say(peers, peer, true, "does not answer the invitation; still inviting it");
}

void rtpmidi_session_invite_data(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, uint64_t now_ns)
{
    if (peer->n_tries++ >= GIVE_UP) {
        peer->n_tries = SAY_AFTER;
        peer->phase = RTPMIDI_WAITING;
        peer->next_ns = now_ns + MAX_PAUSE_NS;
        return;
    }
    peer->next_ns = now_ns + RETRY_NS;
    rtpmidi_session_send_invitation(peers, false, &peer->data, RTPMIDI_IN, peer->token);
}

static void ask_clock(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, uint64_t now_ns)
{
    struct rtpmidi_apple packet = {
        .command = RTPMIDI_CK,
        .ssrc = peers->ssrc,
        .times = {now_ns / RTPMIDI_TICK_NS},
    };

    rtpmidi_session_send(peers, false, &peer->data, &packet);
    peer->n_clocks++;
    peer->next_ns = now_ns + (peer->n_clocks < FAST_CLOCKS ? FAST_NS : SLOW_NS);
}

static void send_receipt(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer)
{
    struct rtpmidi_apple packet = {
        .command = RTPMIDI_RS,
        .ssrc = peers->ssrc,
        .sequence = peer->stream.highest,
    };

    peer->receipt_ns = RTPMIDI_NEVER;
    rtpmidi_session_send(peers, true, &peer->control, &packet);
}

static void tick_connected(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, uint64_t now_ns)
{
    if (now_ns - peer->heard_ns >= RTPMIDI_SILENCE_NS) {
        rtpmidi_session_leave(peers, peer);
        rtpmidi_peers_drop(peers, peer, "has not been heard for a minute", now_ns, RETRY_NS);
        return;
    }
    if (now_ns >= peer->next_ns)
        ask_clock(peers, peer, now_ns);
    if (now_ns >= peer->receipt_ns)
        send_receipt(peers, peer);
}

void rtpmidi_session_tick(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, uint64_t now_ns)
{
    switch (peer->phase) {
    case RTPMIDI_WAITING:
    case RTPMIDI_INVITED:
        if (now_ns >= peer->next_ns)
            invite(peers, peer, now_ns);
        break;
    case RTPMIDI_ACCEPTED:
        if (now_ns >= peer->next_ns)
            rtpmidi_session_invite_data(peers, peer, now_ns);
        break;
    case RTPMIDI_JOINING:
        if (now_ns - peer->heard_ns >= RTPMIDI_JOINING_NS)
            rtpmidi_peers_drop(peers, peer, "", now_ns, RETRY_NS);
        break;
    case RTPMIDI_CONNECTED:
        tick_connected(peers, peer, now_ns);
        break;
    case RTPMIDI_FREE:
        break;
    }
}
