/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The peers of an instance: those that are configured, and those that have joined or were learned. It decides
 * who is listened to, and what becomes of a packet. Used in the broker.
 *
 * It knows no socket, clock or log: the functions of `calls` are given what is to be done, and every function
 * is told the time. traffic.c is where packets come in; session.c and answer.c have what only sessions need.
 */
#ifndef BROKER_RTPMIDI_PEERS_H
#define BROKER_RTPMIDI_PEERS_H

#include "broker/backends/net_address.h"
#include "broker/rtpmidi/apple.h"
#include "broker/rtpmidi/stream.h"
#include "firecurtain/time.h"

#define RTPMIDI_MAX_PEERS 16
#define RTPMIDI_MAX_JOINS 16
#define RTPMIDI_PER_HOST  4 /* peers that are not configured */

#define RTPMIDI_SILENCE_NS (60 * FC_NS_PER_S) /* after which a peer has gone */
#define RTPMIDI_JOINING_NS (10 * FC_NS_PER_S) /* after which an invitation is not completed any more */

/* In this order, but that a peer which invites us is JOINING, and one that we invite is not. */
enum rtpmidi_phase {
    RTPMIDI_FREE,
    RTPMIDI_WAITING,   /* it is going to be invited */
    RTPMIDI_INVITED,   /* on its control port */
    RTPMIDI_ACCEPTED,  /* there, and is invited on its data port */
    RTPMIDI_JOINING,   /* it has invited us on our control port */
    RTPMIDI_CONNECTED, /* in direct mode, from the beginning */
};

struct rtpmidi_peer {
    enum rtpmidi_phase phase;
    bool is_configured; /* it has its place whether it is there or not */
    bool is_invited;    /* by us, so the clock is ours, too */
    bool is_missed;     /* the log says that it is missing */
    bool is_present;    /* in direct mode: it was heard in the last minute */
    struct net_address control;
    struct net_address data;
    uint32_t token; /* of the invitation */
    uint32_t ssrc;
    char name[RTPMIDI_NAME_BYTES];
    unsigned n_tries;  /* invitations without an answer */
    unsigned n_clocks; /* that were begun */
    uint64_t next_ns;  /* when the next of them is due */
    uint64_t heard_ns;
    uint64_t latency_ns; /* there and back; 0: not known */
    uint64_t receipt_ns; /* when it is told what was received; RTPMIDI_NEVER: it knows */
    bool has_receipt;    /* it tells what it has received */
    uint16_t receipt;    /* the last sequence number */
    struct rtpmidi_stream stream;
};

/* What has to be done; `userdata` is the first argument of each. */
struct rtpmidi_calls {
    void *userdata;
    void (*send)(void *userdata, bool is_control, const struct net_address *to, const uint8_t *data,
                 size_t bytes);
    void (*say)(void *userdata, bool is_warning, const char *text);
    void (*came)(void *userdata); /* there is one more, of `n_present` */
    void (*went)(void *userdata); /* or one less */
    uint32_t (*random)(void *userdata);
    void (*malformed)(void *userdata, const struct net_address *from, const char *what);
    rtpmidi_message_fn message;
};

struct rtpmidi_peers {
    struct rtpmidi_calls calls;
    bool is_direct;
    bool learns;                          /* in direct mode: every sender is a peer */
    const char *name;                     /* of our session */
    const char *joins[RTPMIDI_MAX_JOINS]; /* names of sessions that may join; "*": all */
    size_t n_joins;
    uint32_t ssrc;
    size_t n_present;
    unsigned n_said; /* lines of the log about strangers, and refusals, in this second */
    uint64_t said_ns;
    struct rtpmidi_peer list[RTPMIDI_MAX_PEERS];
};

/* Begins without peers; `peers` is zeroed but for the members from `calls` to `ssrc`. */
void rtpmidi_peers_init(struct rtpmidi_peers *peers);

/*
 * Adds a configured peer by its control port or, in direct mode, its data port. False if there is no room.
 */
bool rtpmidi_peers_add(struct rtpmidi_peers *peers, const struct net_address *address, uint64_t now_ns);

/* Returns when the next thing is due, or RTPMIDI_NEVER. */
uint64_t rtpmidi_peers_next_ns(const struct rtpmidi_peers *peers);

/* Writes who is there, for people. */
void rtpmidi_peers_describe(const struct rtpmidi_peers *peers, char *text, size_t bytes);

/* For session.c, answer.c and traffic.c: what peers become. */

/* Finds a free place for a sender that comes by itself, and zeroes it. NULL if there is none, or none more
 * for its host. */
struct rtpmidi_peer *rtpmidi_peers_place(struct rtpmidi_peers *peers, const struct net_address *from);

/* Notes that a peer is there. */
void rtpmidi_peers_connect(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, uint64_t now_ns);

/* Notes that a peer has gone, and says why; a configured one is invited again after `pause_ns`. */
void rtpmidi_peers_drop(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, const char *why,
                        uint64_t now_ns, uint64_t pause_ns);

/* Writes a line about a peer, such as "NAME (ADDRESS) has left". */
void rtpmidi_peers_say(struct rtpmidi_peers *peers, const struct rtpmidi_peer *peer, bool is_warning,
                       const char *text);

/* The same, but few lines a second about those that are not configured. */
void rtpmidi_peers_say_if_few(struct rtpmidi_peers *peers, const struct rtpmidi_peer *peer, bool is_warning,
                              const char *text, uint64_t now_ns);

/* Whether there may be one more line about strangers, or one more refusal, in this second. */
bool rtpmidi_peers_may_say(struct rtpmidi_peers *peers, uint64_t now_ns);

#endif
