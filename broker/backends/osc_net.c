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
#include "firecurtain/lookup.h"

#define OSC_NET_BLANKS " \t"

/* Those of this process that are bound, to tell whose a port is. */
static struct osc_net *bound_nets;

void osc_net_init(struct osc_net *net, const char *owner)
{
    *net = (struct osc_net){.owner = owner, .fd = -1};
}

static void host_clear(struct osc_host *host)
{
    free(host->name);
    free(host->port);
    *host = (struct osc_host){0};
}

void osc_net_deinit(struct osc_net *net)
{
    osc_net_close(net);
    host_clear(&net->bind);
    host_clear(&net->destination);
}

/* Reads a port, which must be a number: names of services would depend on a file of the machine. */
static int read_port(const char *text, unsigned lowest, uint16_t *port, struct fc_reason *reason)
{
    size_t digits = strspn(text, "0123456789");
    bool is_number = digits > 0 && digits <= 5 && !text[digits];
    unsigned long number = is_number ? strtoul(text, NULL, 10) : 0;

    if (!is_number || number < lowest || number > UINT16_MAX)
        return fc_refuse(reason, "\"%.40s\" is not a port, which is a number from 1 to 65535", text);
    *port = (uint16_t)number;
    return 0;
}

/* Refuses what is no host and port, and says how the same would be written. */
static int refuse_host(const char *value, struct fc_reason *reason)
{
    const char *colon = strrchr(value, ':');
    size_t n = strcspn(value, OSC_NET_BLANKS);

    if (value[0] && strspn(value, "0123456789") == strlen(value))
        return fc_refuse(
            reason,
            "the host is missing: write \"127.0.0.1 %.5s\" for this machine alone, \"0.0.0.0 %.5s\" for all",
            value, value);
    if (colon > value && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1))
        return fc_refuse(reason, "the port follows the host after a blank: write \"%.*s %s\"",
                         (int)(colon - value), value, colon + 1);
    if (value[0])
        return fc_refuse(reason, "the port is missing after the host: write, for example, \"%.*s 8000\"",
                         n > 200 ? 200 : (int)n, value);
    return fc_refuse(reason, "a host and a port are needed, such as \"127.0.0.1 8000\"");
}

static int read_host(struct osc_host *host, const char *value, unsigned lowest_port, struct fc_reason *reason)
{
    FC_AUTO_FREE char *line = strdup(value);
    struct osc_host made;
    const char *name, *port, *more;
    uint16_t number;
    char *rest;
    int r;

    if (!line)
        return -ENOMEM;
    name = strtok_r(line, OSC_NET_BLANKS, &rest);
    port = name ? strtok_r(NULL, OSC_NET_BLANKS, &rest) : NULL;
    if (!port)
        return refuse_host(name ? name : "", reason);
    r = read_port(port, lowest_port, &number, reason);
    if (r < 0)
        return r;
    more = strtok_r(NULL, OSC_NET_BLANKS, &rest);
    made = (struct osc_host){.name = strdup(name), .port = strdup(port)};
    host_clear(made.name && made.port ? host : &made);
    if (!made.name)
        return -ENOMEM;
    *host = made;
    if (more)
        return fc_doubt(reason, "\"%.100s\" is left out after the host and the port: write \"%.200s %s\"",
                        more, name, port);
    return 0;
}

/* Notes a refusal: what is missing because of it is not reported as well. */
static int note_refusal(struct osc_net *net, int r)
{
    net->is_refused |= r == -EINVAL;
    return r;
}

int osc_net_set_bind(struct osc_net *net, const char *value, struct fc_reason *reason)
{
    return note_refusal(net, read_host(&net->bind, value, 0, reason));
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
        r = read_host(&net->destination, value, 1, reason);
        if (r >= 0)
            net->learn = false;
        return note_refusal(net, r);
    }
    if (value[5] == '@')
        r = read_port(value + 6, 1, &port, reason);
    else if (value[5])
        r = fc_doubt(reason, "\"%.40s\" is left out: to learn the address and set the port, write learn@PORT",
                     value + 6);
    if (r < 0)
        return note_refusal(net, r);
    host_clear(&net->destination);
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

static int failed(struct fc_reason *reason, const struct osc_host *host, int error)
{
    fc_refuse(reason, "%.150s port %s: %s", host->name, host->port, strerror(error));
    return -error;
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

/* Says why a port cannot be had, and what to do. */
static int bind_failed(struct fc_reason *reason, const struct osc_host *host, int error)
{
    unsigned long port = strtoul(host->port, NULL, 10);
    const char *owner = owner_of_port((unsigned)port);

    if (error == EADDRINUSE && owner)
        fc_refuse(reason, "port %lu is in use by the instance \"%.100s\": give one of them another port",
                  port, owner);
    else if (error == EADDRINUSE)
        fc_refuse(reason,
                  "port %lu is in use by another program: end that one (ss -ulnp sport = %lu shows it), or "
                  "bind another port",
                  port, port);
    else if (error == EACCES && port < 1024)
        fc_refuse(reason,
                  "port %lu is below 1024, which needs a right: bind a higher one, or add "
                  "AmbientCapabilities=CAP_NET_BIND_SERVICE to the service (without one: sysctl "
                  "net.ipv4.ip_unprivileged_port_start=%lu)",
                  port, port);
    else if (error == EADDRNOTAVAIL)
        fc_refuse(
            reason,
            "this machine does not have the address %.150s: bind one of those that \"ip address\" shows, "
            "or 0.0.0.0 for all",
            host->name);
    else
        return failed(reason, host, error);
    return -error;
}

static bool is_address(const char *name)
{
    struct in6_addr any;

    return inet_pton(AF_INET, name, &any) == 1 || inet_pton(AF_INET6, name, &any) == 1;
}

static int look_up(const struct addrinfo **addresses, struct fc_lookups *lookups, const struct osc_host *host,
                   int family, int flags, struct fc_reason *reason)
{
    struct addrinfo hints = {
        .ai_family = family,
        .ai_socktype = SOCK_DGRAM,
        .ai_flags = flags | AI_NUMERICSERV,
    };
    int r = fc_lookup(lookups, host->name, host->port, &hints, addresses);

    if (r == 0)
        return 0;
    *addresses = NULL;
    if (r == EAI_INPROGRESS)
        return -EINPROGRESS;
    if (r == EAI_SYSTEM)
        return failed(reason, host, errno);
    if (is_address(host->name))
        fc_refuse(
            reason,
            "the address %.150s is of another family than what is bound: both have to be IPv4, or both IPv6",
            host->name);
    else
        fc_refuse(reason, "the name \"%.150s\" cannot be resolved: %s", host->name, fc_lookup_words(r));
    return r == EAI_MEMORY ? -ENOMEM : -EADDRNOTAVAIL;
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
    r = look_up(&found, lookups, &net->destination, bound->ai_family, flags, reason);
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
        return bind_failed(reason, &net->bind, -r);
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
    int r = look_up(&found, lookups, &net->destination, AF_UNSPEC, 0, reason);

    for (const struct addrinfo *address = found; address; address = address->ai_next) {
        r = open_socket(&net->fd, address->ai_family);
        if (r == 0) {
            set_peer(net, address);
            return 0;
        }
        r = failed(reason, &net->destination, -r);
    }
    return r;
}

int osc_net_open(struct osc_net *net, struct fc_lookups *lookups, struct fc_reason *reason)
{
    const struct addrinfo *found;
    int r;

    if (!net->bind.name)
        return net->destination.name ? open_unbound(net, lookups, reason) : 0;
    r = look_up(&found, lookups, &net->bind, AF_UNSPEC, AI_PASSIVE, reason);
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
