/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UDP socket of an OSC instance: where it is bound, and where it sends to. Knows addresses and nothing of
 * what is in a packet.
 *
 * Invariant: `fd` is open between a successful osc_net_open() and osc_net_close(), and -1 otherwise; `peer`
 * is of the same family as the socket.
 */
#ifndef BROKER_BACKENDS_OSC_NET_H
#define BROKER_BACKENDS_OSC_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "firecurtain/backend.h"

struct osc_address {
    struct sockaddr_storage storage;
    socklen_t bytes; /* 0: none */
};

/* As it was configured; both owned, both NULL if it was not. */
struct osc_host {
    char *name;
    char *port;
};

struct osc_net {
    struct osc_host bind;
    struct osc_host destination;
    bool learn;          /* the peer is who sent the last packet */
    uint16_t learn_port; /* instead of the sender's; 0: the sender's */
    int fd;
    struct osc_address peer;
};

void osc_net_init(struct osc_net *net);

/* Closes, and frees what it holds. */
void osc_net_deinit(struct osc_net *net);

/* `host port`. -EINVAL with `reason` filled, or -ENOMEM. */
int osc_net_set_bind(struct osc_net *net, const char *value, struct fc_reason *reason);

/* `host port`, `learn` or `learn@port`; replaces what was set before. As osc_net_set_bind(). */
int osc_net_set_destination(struct osc_net *net, const char *value, struct fc_reason *reason);

/* Whether what was set is something to begin with. -EINVAL with `reason` filled. */
int osc_net_check(const struct osc_net *net, struct fc_reason *reason);

/*
 * Looks up the names and opens the socket; may block. Without a bind the socket only sends, and gets what is
 * answered. -errno with `reason` filled, and nothing left open.
 */
int osc_net_open(struct osc_net *net, struct fc_reason *reason);

/* Also forgets the peer. Closed already: nothing happens. */
void osc_net_close(struct osc_net *net);

/* A valid packet came from `from`: with `learn` it is the peer from now on. True if that is another one. */
bool osc_net_learn(struct osc_net *net, const struct osc_address *from);

#endif
