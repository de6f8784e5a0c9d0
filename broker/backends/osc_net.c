/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses from text and from names, and the socket. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
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
    net_host_clear(&net->destination);
}

/* Notes a refusal: what is missing because of it is not reported as well. */
static int note_refusal(struct osc_net *net, int r)
{
    net->is_refused |= r == -EINVAL;
    return r;
}

int osc_net_set_bind(struct osc_net *net, const char *value, struct fc_reason *reason)
{
    return note_refusal(net, net_host_read(&net->bind, value, NULL, 0, reason));
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
        r = net_host_read(&net->destination, value, NULL, 1, reason);
        if (r >= 0)
            net->learn = false;
        return note_refusal(net, r);
    }
    if (value[5] == '@')
        r = net_host_read_port(value + 6, 1, &port, reason);
    else if (value[5])
        r = fc_doubt(reason, "\"%.40s\" is left out: to learn the address and set the port, write learn@PORT",
                     value + 6);
    if (r < 0)
        return note_refusal(net, r);
    net_host_clear(&net->destination);
    net->learn = true;
    net->learn_port = port;
    return r;
}

int osc_net_check(const struct osc_net *net, struct fc_reason *reason)
{
    if (net->is_refused)
        return 0;
    if (net->learn && !net->bind.name)
        return fc_doubt(reason,
                        "nothing is received or sent: destination = learn needs the option bind, since "
                        "it learns from what arrives there");
    if (!net->bind.name && !net->destination.name)
        return fc_doubt(reason, "nothing is received or sent: set bind, destination or both");
    return 0;
}

bool osc_net_is_doubtful(const struct osc_net *net, unsigned directions, struct fc_reason *reason)
{
    struct fc_reason found;

    if (osc_net_check(net, &found) != 0)
        return false; /* which is said already */
    if ((directions & FC_TARGET) && !net->learn && !net->destination.name)
        fc_refuse(reason,
                  "nothing that is mapped to it is sent anywhere: set dest = HOST PORT, or dest = learn");
    else if ((directions & FC_SOURCE) && !net->bind.name)
        fc_refuse(reason, "it receives nothing but answers to what it has sent: set bind = HOST PORT");
    else
        return false;
    return true;
}

/* Returns the port of a socket's address, or 0. */
static unsigned port_of(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
    return address->ss_family == AF_INET ? ntohs(((const struct sockaddr_in *)address)->sin_port) : 0;
}

/* Finds the instance of this process that has a port, or NULL. */
static const char *owner_of_port(unsigned port)
{
    for (const struct osc_net *net = bound_nets; net; net = net->next_bound) {
        struct sockaddr_storage address;
        socklen_t bytes = sizeof(address);

        if (getsockname(net->fd, (struct sockaddr *)&address, &bytes) == 0 && port_of(&address) == port)
            return net->owner;
    }
    return NULL;
}

/* Whether a socket that is bound to `address` also reaches IPv4, by addresses of the form ::ffff:1.2.3.4. */
static bool is_dual_stack(const struct addrinfo *address)
{
    struct sockaddr_in6 in6;

    if (address->ai_family != AF_INET6)
        return false;
    memcpy(&in6, address->ai_addr, sizeof(in6));
    return IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr) || IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr);
}

static void set_peer(struct osc_net *net, const struct addrinfo *address)
{
    memcpy(&net->peer.storage, address->ai_addr, address->ai_addrlen);
    net->peer.bytes = address->ai_addrlen;
}

/* Finds the destination as an address that a socket bound to `bound` can send to. */
static int find_peer(struct osc_net *net, struct fc_lookups *lookups, const struct addrinfo *bound,
                     struct fc_reason *reason)
{
    const struct addrinfo *found;
    int flags = is_dual_stack(bound) ? AI_V4MAPPED | AI_ALL : 0;
    int r;

    if (!net->destination.name)
        return 0;
    r = net_host_look_up(&found, lookups, &net->destination, bound->ai_family, flags, reason);
    if (r == 0)
        set_peer(net, found);
    return r;
}

static int open_socket(int *fd, int family)
{
    FC_AUTO_CLOSE int made = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    int off = 0;

    if (made < 0 || setsockopt(made, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) < 0)
        return -errno;
    if (family == AF_INET6 && setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
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
        return net_host_bind_failed(reason, &net->bind, -r,
                                    owner_of_port((unsigned)strtoul(net->bind.port, NULL, 10)));
    r = find_peer(net, lookups, address, reason);
    if (r < 0)
        return r;
    net->fd = fc_steal_fd(&fd);
    net->next_bound = bound_nets;
    bound_nets = net;
    return 0;
}

static int open_unbound(struct osc_net *net, struct fc_lookups *lookups, struct fc_reason *reason)
{
    const struct addrinfo *found;
    int r = net_host_look_up(&found, lookups, &net->destination, AF_UNSPEC, 0, reason);

    for (const struct addrinfo *address = found; address; address = address->ai_next) {
        r = open_socket(&net->fd, address->ai_family);
        if (r == 0) {
            set_peer(net, address);
            return 0;
        }
        r = net_host_failed(reason, &net->destination, -r);
    }
    return r;
}

int osc_net_open(struct osc_net *net, struct fc_lookups *lookups, struct fc_reason *reason)
{
    const struct addrinfo *found;
    int r;

    if (!net->bind.name)
        return net->destination.name ? open_unbound(net, lookups, reason) : 0;
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
    net->peer.bytes = 0;
}

/* Returns the address without the port as IPv6. */
static struct in6_addr host_of(const struct osc_address *address)
{
    struct sockaddr_in6 in6;
    struct sockaddr_in in;

    if (address->storage.ss_family == AF_INET6) {
        memcpy(&in6, &address->storage, sizeof(in6));
        return in6.sin6_addr;
    }
    memcpy(&in, &address->storage, sizeof(in));
    in6.sin6_addr = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(in6.sin6_addr.s6_addr + 12, &in.sin_addr, sizeof(in.sin_addr));
    return in6.sin6_addr;
}

bool osc_net_is_peer(const struct osc_net *net, const struct osc_address *from)
{
    struct in6_addr peer = host_of(&net->peer);
    struct in6_addr sender = host_of(from);

    return net->peer.bytes > 0 && memcmp(&peer, &sender, sizeof(peer)) == 0;
}

void osc_net_print(const struct osc_address *address, char *text, size_t bytes)
{
    struct in6_addr host = host_of(address);
    bool is_v4 = IN6_IS_ADDR_V4MAPPED(&host);
    unsigned port = address->storage.ss_family == AF_INET6
                        ? ntohs(((const struct sockaddr_in6 *)&address->storage)->sin6_port)
                        : ntohs(((const struct sockaddr_in *)&address->storage)->sin_port);
    char name[INET6_ADDRSTRLEN] = "";

    inet_ntop(is_v4 ? AF_INET : AF_INET6, host.s6_addr + (is_v4 ? 12 : 0), name, sizeof(name));
    snprintf(text, bytes, is_v4 ? "%s:%u" : "[%s]:%u", name, port);
}

bool osc_net_learn(struct osc_net *net, const struct osc_address *from)
{
    struct osc_address peer = *from;
    in_port_t port = htons(net->learn_port);

    if (!net->learn)
        return false;
    if (net->learn_port && peer.storage.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&peer.storage)->sin6_port = port;
    else if (net->learn_port)
        ((struct sockaddr_in *)&peer.storage)->sin_port = port;
    if (peer.bytes == net->peer.bytes && memcmp(&peer.storage, &net->peer.storage, peer.bytes) == 0)
        return false;
    net->peer = peer;
    return true;
}
