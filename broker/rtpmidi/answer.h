/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of sessions that come in: invitations, answers to ours, clocks and receipts. Used in the broker. */
#ifndef BROKER_RTPMIDI_ANSWER_H
#define BROKER_RTPMIDI_ANSWER_H

#include "broker/rtpmidi/peers.h"

/* Takes a packet of a session, and answers it if that is due. */
void rtpmidi_answer_take(struct rtpmidi_peers *peers, bool is_control, const struct net_address *from,
                         const uint8_t *data, size_t bytes, uint64_t now_ns);

#endif
