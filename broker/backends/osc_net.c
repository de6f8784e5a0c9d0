/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses from text and from names, and the socket. */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "broker/backends/osc_net.h"
#include "firecurtain/cleanup.h"

/* Those of this process that are bound, to tell whose a port is. */
static struct osc_net *bound_nets;

void osc_net_init(struct osc_net *net, const char *owner)
{
    *net = (struct osc_net){.owner = owner, .fd = -1};
}

void osc_net_deinit(struct osc_net *net)
{
    osc_net_close(net);
    net_host_clear(&net->bind);
    osc_destinations_clear(&net->destinations);
}

int osc_net_set_bind(struct osc_net *net, const char *value, struct fc_reason *reason)
{
    return net_host_read(&net->bind, value, NULL, 0, reason);
}

/* Whether the word learn stands alone; also in "learn 8000", where it could be a host's name. */
static bool is_learn(const char *value)
{
    return strncmp(value, "learn", 5) == 0 && (!value[5] || strchr("@ \t", value[5]));
}

int osc_net_set_destination(struct osc_net *net, const char *value, struct fc_reason *reason)
{
    uint16_t port = 0;
    int r = 0;

    if (!is_learn(value)) {
        r = osc_destinations_read(&net->destinations, value, reason);
        if (r >= 0)
            net->learn = false;
        return r;
    }
    if (value[5] == '@')
        r = net_host_read_port(value + 6, 1, &port, reason);
    else if (value[5])
        r = fc_doubt(reason, "\"%.40s\" is left out: to learn the address and set the port, write learn@PORT",
                     value + 6);
    if (r < 0)
        return r;
    osc_destinations_clear(&net->destinations);
    net->learn = true;
    net->learn_port = port;
    return r;
}

int osc_net_check(const struct osc_net *net, struct fc_reason *reason)
{
    if (net->learn && !net->bind.name)
        return fc_doubt(reason,
                        "nothing is received or sent: destination = learn needs the option bind, since "
                        "it learns from what arrives there");
    if (!net->bind.name && !net->destinations.n)
        return fc_doubt(reason, "nothing is received or sent: set bind, destination or both");
    return 0;
}

bool osc_net_is_doubtful(const struct osc_net *net, unsigned directions, struct fc_reason *reason)
{
    struct fc_reason found;

    if (osc_net_check(net, &found) != 0)
        return false; /* which is said already */
    if ((directions & FC_TARGET) && !net->learn && !net->destinations.n)
        fc_refuse(reason,
                  "nothing that is mapped to it is sent anywhere: set dest = HOST PORT, or dest = learn");
    else if ((directions & FC_SOURCE) && !net->bind.name)
        fc_refuse(reason, "it receives nothing but answers to what it has sent: set bind = HOST PORT");
    else
        return false;
    return true;
}

static unsigned long net_port(const struct osc_net *net)
{
    return strtoul(net->bind.port, NULL, 10);
}

/* Whether a socket at `host` takes a port at `other`, too: it listens there as well. */
static bool is_at(const char *host, const char *other)
{
    return strcmp(host, other) == 0 || strcmp(host, "::") == 0 ||
           (strcmp(host, "0.0.0.0") == 0 && !strchr(other, ':'));
}

int osc_net_beside(const struct osc_net *net, const struct osc_net *other, struct fc_reason *reason)
{
    if (!net->bind.name || !other->bind.name || !net_port(net) || net_port(net) != net_port(other) ||
        (!is_at(net->bind.name, other->bind.name) && !is_at(other->bind.name, net->bind.name)))
        return 0;
    return fc_doubt(reason,
                    "only one of two instances can have port %lu, which \"%.100s\" has already: give one of "
                    "them another port",
                    net_port(net), other->owner);
}

/* Finds the instance of this process that has a port, or NULL. */
static const char *owner_of_port(unsigned long port)
{
    for (const struct osc_net *net = bound_nets; net; net = net->next_bound) {
        if (net_port(net) == port)
            return net->owner;
    }
    return NULL;
}

/*
 * Finds the destinations from number `first` on as addresses that a socket of this family can send to. All
 * names are asked for before the first answer is waited for.
 */
static int find_peers(struct osc_net *net, struct fc_lookups *lookups, size_t first, int family, int flags,
                      struct fc_reason *reason)
{
    bool is_looking = false;

    for (size_t i = first; i < net->destinations.n; i++) {
        const struct addrinfo *found;
        int r = net_host_look_up(&found, lookups, &net->destinations.hosts[i], family, flags, reason);

        if (r == 0)
            net->peers[i] = net_address_of(found);
        else if (r == -EINPROGRESS)
            is_looking = true;
        else
            return r;
    }
    if (is_looking)
        return -EINPROGRESS;
    net->n_peers = net->destinations.n;
    return 0;
}

static int open_socket(int *fd, int family)
{
    FC_AUTO_CLOSE int made = -1;
    int r = net_address_open(&made, family), on = 1;

    if (r < 0)
        return r;
    if (setsockopt(made, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) < 0)
        return -errno;
    *fd = fc_steal_fd(&made);
    return 0;
}

static int open_bound(struct osc_net *net, struct fc_lookups *lookups, const struct addrinfo *address,
                      struct fc_reason *reason)
{
    FC_AUTO_CLOSE int fd = -1;
    int r = open_socket(&fd, address->ai_family);

    if (r == 0 && bind(fd, address->ai_addr, address->ai_addrlen) < 0)
        r = -errno;
    if (r < 0)
        return net_host_bind_failed(reason, &net->bind, -r, owner_of_port(net_port(net)));
    r = find_peers(net, lookups, 0, address->ai_family,
                   net_address_is_dual_stack(address) ? AI_V4MAPPED | AI_ALL : 0, reason);
    if (r < 0)
        return r;
    net->fd = fc_steal_fd(&fd);
    net->next_bound = bound_nets;
    bound_nets = net;
    return 0;
}

/* Opens a socket of a family that the first destination has; the others need an address of it, too. */
static int open_unbound(struct osc_net *net, struct fc_lookups *lookups, struct fc_reason *reason)
{
    const struct net_host *first = &net->destinations.hosts[0];
    const struct addrinfo *found;
    int r = net_host_look_up(&found, lookups, first, AF_UNSPEC, 0, reason);

    for (const struct addrinfo *address = found; address; address = address->ai_next) {
        FC_AUTO_CLOSE int fd = -1;

        r = open_socket(&fd, address->ai_family);
        if (r < 0) {
            r = net_host_failed(reason, first, -r);
            continue;
        }
        net->peers[0] = net_address_of(address);
        r = find_peers(net, lookups, 1, address->ai_family, 0, reason);
        if (r == 0)
            net->fd = fc_steal_fd(&fd);
        if (r == 0 || r == -EINPROGRESS)
            return r;
    }
    return r;
}

int osc_net_open(struct osc_net *net, struct fc_lookups *lookups, struct fc_reason *reason)
{
    const struct addrinfo *found;
    int r;

    if (!net->bind.name)
        return net->destinations.n ? open_unbound(net, lookups, reason) : 0;
    r = net_host_look_up(&found, lookups, &net->bind, AF_UNSPEC, AI_PASSIVE, reason);
    for (const struct addrinfo *address = found; address; address = address->ai_next) {
        r = open_bound(net, lookups, address, reason);
        if (r == 0 || r == -EINPROGRESS)
            return r;
    }
    return r;
}

void osc_net_close(struct osc_net *net)
{
    for (struct osc_net **link = &bound_nets; *link; link = &(*link)->next_bound) {
        if (*link != net)
            continue;
        *link = net->next_bound;
        break;
    }
    if (net->fd >= 0)
        close(fc_steal_fd(&net->fd));
    net->n_peers = 0;
}

bool osc_net_is_peer(const struct osc_net *net, const struct net_address *from)
{
    for (size_t i = 0; i < net->n_peers; i++) {
        if (net_address_is_host(&net->peers[i], from))
            return true;
    }
    return false;
}

bool osc_net_learn(struct osc_net *net, const struct net_address *from)
{
    struct net_address peer = *from;

    if (!net->learn)
        return false;
    if (net->learn_port)
        net_address_set_port(&peer, net->learn_port);
    if (net->n_peers && peer.bytes == net->peers[0].bytes &&
        memcmp(&peer.storage, &net->peers[0].storage, peer.bytes) == 0)
        return false;
    net->peers[0] = peer;
    net->n_peers = 1;
    return true;
}
