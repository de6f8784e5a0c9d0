/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of peers, and what is common to both modes. Used in the broker. */
#include "broker/rtpmidi/peers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firecurtain/time.h"

#define SAY_PER_SECOND 10

void rtpmidi_peers_init(struct rtpmidi_peers *peers)
{
    peers->n_present = 0;
    for (size_t i = 0; i < RTPMIDI_MAX_PEERS; i++)
        peers->list[i].phase = RTPMIDI_FREE;
}

bool rtpmidi_peers_may_say(struct rtpmidi_peers *peers, uint64_t now_ns)
{
    if (now_ns - peers->said_ns >= FC_NS_PER_S) {
        peers->said_ns = now_ns;
        peers->n_said = 0;
    }
    return peers->n_said++ < SAY_PER_SECOND;
}

void rtpmidi_peers_say(struct rtpmidi_peers *peers, const struct rtpmidi_peer *peer, bool is_warning,
                       const char *text)
{
    const struct net_address *shown = peers->is_direct ? &peer->data : &peer->control;
    char address[NET_ADDRESS_TEXT_BYTES], line[RTPMIDI_NAME_BYTES + NET_ADDRESS_TEXT_BYTES + 128];

    net_address_print(shown, address, sizeof(address));
    if (peer->name[0])
        snprintf(line, sizeof(line), "\"%s\" at %s %s", peer->name, address, text);
    else
        snprintf(line, sizeof(line), "%s %s", address, text);
    peers->calls.say(peers->calls.userdata, is_warning, line);
}

void rtpmidi_peers_say_if_few(struct rtpmidi_peers *peers, const struct rtpmidi_peer *peer, bool is_warning,
                              const char *text, uint64_t now_ns)
{
    if (peer->is_configured || rtpmidi_peers_may_say(peers, now_ns))
        rtpmidi_peers_say(peers, peer, is_warning, text);
}

static struct rtpmidi_peer *free_place(struct rtpmidi_peers *peers)
{
    for (size_t i = 0; i < RTPMIDI_MAX_PEERS; i++) {
        struct rtpmidi_peer *peer = &peers->list[i];

        if (peer->phase != RTPMIDI_FREE)
            continue;
        *peer = (struct rtpmidi_peer){.receipt_ns = RTPMIDI_NEVER, .next_ns = RTPMIDI_NEVER};
        rtpmidi_stream_init(&peer->stream, peers->calls.message, peers->calls.userdata);
        return peer;
    }
    return NULL;
}

struct rtpmidi_peer *rtpmidi_peers_place(struct rtpmidi_peers *peers, const struct net_address *from)
{
    size_t n = 0;

    for (size_t i = 0; i < RTPMIDI_MAX_PEERS; i++) {
        const struct rtpmidi_peer *peer = &peers->list[i];

        n += peer->phase != RTPMIDI_FREE && !peer->is_configured &&
             net_address_is_host(peers->is_direct ? &peer->data : &peer->control, from);
    }
    return n < RTPMIDI_PER_HOST ? free_place(peers) : NULL;
}

bool rtpmidi_peers_add(struct rtpmidi_peers *peers, const struct net_address *address, uint64_t now_ns)
{
    struct rtpmidi_peer *peer = free_place(peers);

    if (!peer)
        return false;
    peer->is_configured = true;
    peer->data = peer->control = *address;
    peer->phase = peers->is_direct ? RTPMIDI_CONNECTED : RTPMIDI_WAITING;
    peer->next_ns = peers->is_direct ? RTPMIDI_NEVER : now_ns;
    if (!peers->is_direct)
        net_address_set_port(&peer->data, (uint16_t)(net_address_port(address) + 1));
    return true;
}

void rtpmidi_peers_connect(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, uint64_t now_ns)
{
    bool is_new = peer->phase != RTPMIDI_CONNECTED;

    peer->phase = RTPMIDI_CONNECTED;
    peer->heard_ns = now_ns;
    peer->n_clocks = peer->n_tries = 0;
    peer->next_ns = peer->is_invited ? now_ns : RTPMIDI_NEVER;
    peer->is_missed = peer->has_receipt = false;
    peer->latency_ns = 0;
    if (!is_new)
        return;
    peers->n_present++;
    rtpmidi_peers_say_if_few(peers, peer, false, "is connected", now_ns);
    peers->calls.came(peers->calls.userdata);
}

/*
 * Forgets what a peer had: a configured one waits, another gives up its place. In direct mode a configured
 * one has only been silent, and its notes may well sound.
 */
static void clear(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, uint64_t now_ns, uint64_t pause_ns)
{
    if (!peers->is_direct || !peer->is_configured)
        rtpmidi_stream_end(&peer->stream);
    peer->is_present = peer->is_invited = peer->has_receipt = false;
    peer->receipt_ns = RTPMIDI_NEVER;
    if (!peer->is_configured)
        peer->phase = RTPMIDI_FREE;
    else if (!peers->is_direct)
        peer->phase = RTPMIDI_WAITING;
    peer->next_ns = peer->phase == RTPMIDI_WAITING ? now_ns + pause_ns : RTPMIDI_NEVER;
}

void rtpmidi_peers_drop(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, const char *why,
                        uint64_t now_ns, uint64_t pause_ns)
{
    bool was_present = peers->is_direct ? peer->is_present : peer->phase == RTPMIDI_CONNECTED;

    if (was_present && !peers->is_direct)
        rtpmidi_peers_say_if_few(peers, peer, true, why, now_ns);
    peer->is_missed |= was_present;
    clear(peers, peer, now_ns, pause_ns);
    if (!was_present)
        return;
    peers->n_present--;
    peers->calls.went(peers->calls.userdata);
}

static uint64_t earlier(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

uint64_t rtpmidi_peers_next_ns(const struct rtpmidi_peers *peers)
{
    uint64_t next_ns = RTPMIDI_NEVER;

    for (size_t i = 0; i < RTPMIDI_MAX_PEERS; i++) {
        const struct rtpmidi_peer *peer = &peers->list[i];

        if (peer->phase == RTPMIDI_FREE)
            continue;
        next_ns = earlier(next_ns, peer->stream.release_ns);
        next_ns = earlier(next_ns, earlier(peer->next_ns, peer->receipt_ns));
        if (peer->is_present || (!peers->is_direct && peer->phase == RTPMIDI_CONNECTED))
            next_ns = earlier(next_ns, peer->heard_ns + RTPMIDI_SILENCE_NS);
        if (peer->phase == RTPMIDI_JOINING)
            next_ns = earlier(next_ns, peer->heard_ns + RTPMIDI_JOINING_NS);
    }
    return next_ns;
}

static bool is_there(const struct rtpmidi_peers *peers, const struct rtpmidi_peer *peer)
{
    return peers->is_direct ? peer->is_present : peer->phase == RTPMIDI_CONNECTED;
}

/* Writes one peer, such as `desk at 10.0.0.5:5004, 0.4 ms, 2 packets lost` or `10.0.0.5:5004 missing`. */
static void describe(const struct rtpmidi_peers *peers, const struct rtpmidi_peer *peer, char *text,
                     size_t bytes)
{
    const struct net_address *shown = peers->is_direct ? &peer->data : &peer->control;
    char address[NET_ADDRESS_TEXT_BYTES], latency[32] = "", lost[48] = "";

    net_address_print(shown, address, sizeof(address));
    if (!is_there(peers, peer))
        snprintf(latency, sizeof(latency), peers->is_direct ? " silent" : " missing");
    else if (peer->latency_ns)
        snprintf(latency, sizeof(latency), ", %.1f ms", (double)peer->latency_ns / (double)FC_NS_PER_MS);
    if (peer->stream.n_lost)
        snprintf(lost, sizeof(lost), ", %" PRIu64 " packets lost", peer->stream.n_lost);
    snprintf(text, bytes, "%s%s%s%s%s", peer->name, peer->name[0] ? " at " : "", address, latency, lost);
}

void rtpmidi_peers_describe(const struct rtpmidi_peers *peers, char *text, size_t bytes)
{
    size_t used = 0;

    for (size_t i = 0; i < RTPMIDI_MAX_PEERS && used + 1 < bytes; i++) {
        const struct rtpmidi_peer *peer = &peers->list[i];

        if (peer->phase == RTPMIDI_FREE || (!peer->is_configured && !is_there(peers, peer)))
            continue;
        used += (size_t)snprintf(text + used, bytes - used, "%s", used ? "; " : "");
        if (used < bytes)
            describe(peers, peer, text + used, bytes - used);
        used += strlen(text + used);
    }
    if (used == 0)
        snprintf(text, bytes, peers->is_direct ? "nobody is heard" : "nobody has joined");
}
