/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UDP socket of an OSC instance: where it is bound, and where it sends to. It must not know what is in a
 * packet.
 *
 * Invariant: `fd` is open between a successful osc_net_open() and osc_net_close() if there is something to
 * bind to or to send to, and -1 otherwise; `peers` are of the same family as the socket.
 */
#ifndef BROKER_BACKENDS_OSC_NET_H
#define BROKER_BACKENDS_OSC_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/backends/net_address.h"
#include "broker/backends/net_host.h"
#include "broker/backends/osc_destinations.h"
#include "firecurtain/backend.h"

struct osc_net {
    const char *owner; /* borrowed: the instance's name */
    struct osc_net *next_bound;
    struct net_host bind;
    struct osc_destinations destinations;
    bool learn;          /* the peer is the sender of the last packet */
    uint16_t learn_port; /* its port, or 0 for the one that it sent from */
    int fd;
    struct net_address peers[OSC_DESTINATIONS_MAX]; /* the destinations, or the one that was learned */
    size_t n_peers;
};

/* `owner` is the instance's name, which outlives the structure. */
void osc_net_init(struct osc_net *net, const char *owner);

/* Closes the socket, and frees what the structure holds. */
void osc_net_deinit(struct osc_net *net);

/* Sets where to bind, as `host port`. -EINVAL or FC_DOUBT with `reason` filled, or -ENOMEM. */
int osc_net_set_bind(struct osc_net *net, const char *value, struct fc_reason *reason);

/* Sets where to send, as `host port`, several of them with commas, `learn` or `learn@port`. As
 * osc_net_set_bind(). */
int osc_net_set_destination(struct osc_net *net, const char *value, struct fc_reason *reason);

/* Checks whether the settings fit together. FC_DOUBT with `reason` filled if they have no effect. */
int osc_net_check(const struct osc_net *net, struct fc_reason *reason);

/* Checks whether both can be bound at once. FC_DOUBT with `reason` filled if not. */
int osc_net_beside(const struct osc_net *net, const struct osc_net *other, struct fc_reason *reason);

/* Whether what the channels are used for cannot work; `reason` says why. */
bool osc_net_is_doubtful(const struct osc_net *net, unsigned directions, struct fc_reason *reason);

/*
 * Looks up the names and opens the socket. Without a bind the socket only sends, and receives answers; with
 * nothing to send to either, there is none.
 * -EINPROGRESS while names are being looked up, to be called again; another -errno with `reason` filled. In
 * both cases nothing is left open.
 */
int osc_net_open(struct osc_net *net, struct fc_lookups *lookups, struct fc_reason *reason);

/* Closes the socket, if it is open, and forgets the peers. */
void osc_net_close(struct osc_net *net);

/* Whether an address is on a host that is sent to. */
bool osc_net_is_peer(const struct osc_net *net, const struct net_address *from);

/* Notes that a valid packet came from `from`: with `learn` that is the peer now. True if the peer has
 * changed. */
bool osc_net_learn(struct osc_net *net, const struct net_address *from);

#endif
