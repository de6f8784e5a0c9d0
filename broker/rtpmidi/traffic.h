/* SPDX-License-Identifier: BSD-2-Clause */
/* What peers send, in either mode, and what is due for them. Used in the broker. */
#ifndef BROKER_RTPMIDI_TRAFFIC_H
#define BROKER_RTPMIDI_TRAFFIC_H

#include "broker/rtpmidi/peers.h"

/* Takes a packet that came to the control port or the data port. */
void rtpmidi_traffic_take(struct rtpmidi_peers *peers, bool is_control, const struct net_address *from,
                          const uint8_t *data, size_t bytes, uint64_t now_ns);

/* Does what is due. */
void rtpmidi_traffic_tick(struct rtpmidi_peers *peers, uint64_t now_ns);

/* Takes leave of all peers, and forgets them. */
void rtpmidi_traffic_end(struct rtpmidi_peers *peers);

#endif
