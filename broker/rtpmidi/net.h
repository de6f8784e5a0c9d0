/* SPDX-License-Identifier: BSD-2-Clause */
/* The sockets of an RTP-MIDI instance. They know nothing of what is in a packet. Used in the broker. */
#ifndef BROKER_RTPMIDI_NET_H
#define BROKER_RTPMIDI_NET_H

#include <stdbool.h>

#include "broker/backends/net_address.h"
#include "broker/backends/net_host.h"
#include "firecurtain/backend.h"

struct rtpmidi_net {
    int data;    /* -1: closed */
    int control; /* -1: closed, or there are no sessions */
    int family;
    int flags; /* for looking up peers: whether IPv4 is written as IPv6 */
};

/*
 * Binds the data port and, with sessions, the control port below it; any two free ones for port 0. -errno
 * with `reason` filled, and nothing left open; -EINPROGRESS while a name is being looked up.
 */
int rtpmidi_net_open(struct rtpmidi_net *net, struct fc_lookups *lookups, const struct net_host *host,
                     bool has_sessions, struct fc_reason *reason);

/* Looks up a peer. As net_host_look_up(). */
int rtpmidi_net_find(const struct rtpmidi_net *net, struct fc_lookups *lookups, const struct net_host *host,
                     struct net_address *address, struct fc_reason *reason);

void rtpmidi_net_close(struct rtpmidi_net *net);

#endif
