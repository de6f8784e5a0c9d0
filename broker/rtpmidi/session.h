/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions with peers, as we hold them: invitations, clocks, receipts, and the end. Used in the broker. */
#ifndef BROKER_RTPMIDI_SESSION_H
#define BROKER_RTPMIDI_SESSION_H

#include "broker/rtpmidi/peers.h"

#define RTPMIDI_TICK_NS 100000 /* of the clock */

/* Does what is due for a peer. */
void rtpmidi_session_tick(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, uint64_t now_ns);

/* Tells a peer that we end the session, if there is one. */
void rtpmidi_session_leave(struct rtpmidi_peers *peers, const struct rtpmidi_peer *peer);

/* For answer.c: */

void rtpmidi_session_send(struct rtpmidi_peers *peers, bool is_control, const struct net_address *to,
                          const struct rtpmidi_apple *packet);

/* Sends IN, OK, NO or BY. */
void rtpmidi_session_send_invitation(struct rtpmidi_peers *peers, bool is_control,
                                     const struct net_address *to, enum rtpmidi_command command,
                                     uint32_t token);

/* Invites a peer on its data port, again if need be. */
void rtpmidi_session_invite_data(struct rtpmidi_peers *peers, struct rtpmidi_peer *peer, uint64_t now_ns);

#endif
