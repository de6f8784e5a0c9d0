/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening, sharing and reading sockets of sACN. Used in the broker. */
#include "broker/backends/sacn_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/cleanup.h"

/* Events after which a turn ends: a packet has up to 512 of them. */
#define EVENTS_PER_TURN 2048

static struct sacn_net *nets; /* all that are open */

struct fc_instance *sacn_net_owner(const struct sacn_net *net)
{
    return net->ports->universe.instance;
}

struct sacn_port *sacn_net_find(const struct sacn_net *net, uint16_t number)
{
    struct sacn_port *port;

    HASH_FIND(hh, net->ports, &number, sizeof(number), port);
    return port;
}

/* Takes what was received. Returns its cost. */
static unsigned take(struct sacn_net *net, struct sacn_received *received, size_t bytes)
{
    const char *what = NULL;

    if (sacn_codec_read(net->packet, bytes, &received->packet, &what) < 0) {
        char sender[INET6_ADDRSTRLEN];

        sacn_address_print(&received->from, sender);
        fc_drop(sacn_net_owner(net), "from %s: %s", sender, what);
        return 0;
    }
    return received->packet.kind == SACN_OTHER ? 0 : net->take(net, received);
}

static void ready(void *userdata)
{
    struct sacn_socket *socket = userdata;
    struct sacn_net *net = socket->net;
    unsigned cost = 0;

    for (unsigned budget = FC_WATCH_BUDGET; budget > 0 && cost < EVENTS_PER_TURN; budget--) {
        struct sacn_received received;
        socklen_t room = sizeof(received.from);
        ssize_t bytes =
            recvfrom(socket->fd, net->packet, sizeof(net->packet), MSG_DONTWAIT, &received.from.any, &room);

        if (bytes < 0) {
            if (errno != EAGAIN && errno != EINTR)
                net_failure_note(&net->failure, sacn_net_owner(net), "nothing can be received", errno);
            return;
        }
        cost += take(net, &received, (size_t)bytes);
    }
}

static void close_socket(struct sacn_socket *socket)
{
    socket->watch = fc_watch_free(socket->watch);
    if (socket->fd >= 0)
        close(socket->fd);
    socket->fd = -1;
}

/* Opens a socket of a net, at this address and port. 0 or -errno. */
static int open_socket(struct sacn_socket *socket, struct sacn_net *net, const union sacn_address *address,
                       struct fc_instance *instance)
{
    FC_AUTO_CLOSE int fd = sacn_group_socket(&net->bind);

    if (fd < 0)
        return fc_steal_fd(&fd);
    if (bind(fd, &address->any, sacn_address_bytes(address)) < 0)
        return -errno;
    socket->net = net;
    socket->fd = fc_steal_fd(&fd);
    return fc_watch_new(&socket->watch, instance, socket->fd, ready, socket);
}

static uint16_t port_of(const union sacn_address *address)
{
    return ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

/* Opens a socket for groups, which has to be bound to any address: others get no multicast. */
static int add_socket(struct sacn_net *net)
{
    union sacn_address any = {.any.sa_family = net->bind.address.any.sa_family};
    struct sacn_socket *socket = calloc(1, sizeof(*socket));
    int r;

    if (!socket)
        return -ENOMEM;
    if (any.any.sa_family == AF_INET)
        any.v4.sin_port = htons(net->port);
    else
        any.v6.sin6_port = htons(net->port);
    socket->fd = -1;
    r = open_socket(socket, net, &any, sacn_net_owner(net));
    if (r < 0) {
        close_socket(socket);
        free(socket);
        return r;
    }
    socket->next = net->sockets;
    net->sockets = socket;
    return 0;
}

/* Joins on a socket that has room, the newest one. 0 or -errno. */
static int join_somewhere(struct sacn_net *net, struct sacn_group *group)
{
    struct sacn_socket *socket = net->sockets;
    int r;

    while (socket && (socket->is_full || socket->n_groups == SACN_GROUPS_PER_SOCKET))
        socket = socket->next;
    if (!socket) {
        r = add_socket(net);
        if (r < 0)
            return r;
        socket = net->sockets;
    }
    r = sacn_group_join(socket->fd, &net->bind, group->universe);
    if (r == -ENOBUFS && socket->n_groups > 0) { /* the machine allows fewer than usual */
        socket->is_full = true;
        return join_somewhere(net, group);
    }
    if (r < 0)
        return r;
    socket->n_groups++;
    group->socket = socket;
    return 0;
}

static void leave_socket(struct sacn_net *net, struct sacn_group *group)
{
    if (!group->socket)
        return;
    sacn_group_leave(group->socket->fd, &net->bind, group->universe);
    group->socket->n_groups--;
    group->socket->is_full = false;
}

int sacn_net_join(struct sacn_net *net, uint16_t universe)
{
    struct sacn_group *group;
    int r;

    HASH_FIND(hh, net->groups, &universe, sizeof(universe), group);
    if (group) {
        group->n_users++;
        return 0;
    }
    group = calloc(1, sizeof(*group));
    if (!group)
        return -ENOMEM;
    group->universe = universe;
    group->n_users = 1;
    r = join_somewhere(net, group);
    if (r == 0) {
        HASH_ADD(hh, net->groups, universe, sizeof(group->universe), group);
        r = group->hh.tbl ? 0 : -ENOMEM;
        if (r < 0)
            leave_socket(net, group);
    }
    if (r < 0)
        free(group);
    return r;
}

void sacn_net_leave(struct sacn_net *net, uint16_t universe)
{
    struct sacn_group *group;

    HASH_FIND(hh, net->groups, &universe, sizeof(universe), group);
    if (!group || --group->n_users > 0)
        return;
    leave_socket(net, group);
    HASH_DEL(net->groups, group);
    free(group);
}

/* Closes the sockets that have groups. */
static void close_sockets(struct sacn_net *net)
{
    while (net->sockets) {
        struct sacn_socket *socket = net->sockets;

        net->sockets = socket->next;
        close_socket(socket);
        free(socket);
    }
}

/* Opens all sockets anew. 0 or -errno, upon which some groups have none. */
static int reopen(struct sacn_net *net)
{
    int r;

    for (struct sacn_group *group = net->groups; group; group = group->hh.next)
        group->socket = NULL;
    close_sockets(net);
    close_socket(&net->main);
    r = open_socket(&net->main, net, &net->bind.address, sacn_net_owner(net));
    for (struct sacn_group *group = net->groups; group && r == 0; group = group->hh.next)
        r = join_somewhere(net, group);
    return r;
}

/* Whether the groups are still joined, of which one stands for all: they are on one interface. */
static bool is_joined(const struct sacn_net *net)
{
    const struct sacn_group *group = net->groups;

    return !net->is_broken && sacn_group_is_joined(group->socket->fd, &net->bind, group->universe);
}

void sacn_net_renew(struct sacn_net *net)
{
    int r;

    if (!net->groups || is_joined(net))
        return;
    r = reopen(net);
    net->is_broken = r < 0;
    if (r < 0)
        net_failure_note(&net->failure, sacn_net_owner(net), "the network is gone", -r);
}

static bool has_bind(const struct sacn_net *net, const struct sacn_bind *bind)
{
    return sacn_address_equal(&net->bind.address, &bind->address) &&
           strcmp(net->bind.device, bind->device) == 0;
}

static void unlink_net(struct sacn_net *net)
{
    struct sacn_net **link = &nets;

    while (*link && *link != net)
        link = &(*link)->next;
    if (*link)
        *link = net->next;
}

void sacn_net_close(struct sacn_net *net)
{
    if (!net || net->ports)
        return;
    unlink_net(net);
    while (net->groups)
        sacn_net_leave(net, net->groups->universe);
    close_sockets(net);
    close_socket(&net->main);
    free(net);
}

int sacn_net_open(struct sacn_net **netp, const struct sacn_bind *bind, struct fc_instance *instance)
{
    struct sacn_net *net = nets;
    int r;

    while (net && !has_bind(net, bind))
        net = net->next;
    *netp = net;
    if (net)
        return 0;
    net = calloc(1, sizeof(*net));
    if (!net)
        return -ENOMEM;
    net->bind = *bind;
    net->port = port_of(&bind->address) ? port_of(&bind->address) : SACN_PORT;
    net->main.fd = -1;
    r = open_socket(&net->main, net, &bind->address, instance);
    if (r < 0) {
        sacn_net_close(net);
        return r;
    }
    net->next = nets;
    nets = net;
    *netp = net;
    return 0;
}

void sacn_net_send(struct sacn_net *net, const union sacn_address *to, const uint8_t *packet, size_t bytes)
{
    ssize_t sent = -1;

    errno = ENODEV;
    if (net->main.fd >= 0)
        sent = sendto(net->main.fd, packet, bytes, MSG_DONTWAIT | MSG_NOSIGNAL, &to->any,
                      sacn_address_bytes(to));
    if (sent < 0)
        net_failure_note(&net->failure, sacn_net_owner(net), "nothing can be sent", errno);
    else
        net_failure_works(&net->failure, sacn_net_owner(net));
}

void sacn_net_send_to_group(struct sacn_net *net, uint16_t universe, const uint8_t *packet, size_t bytes)
{
    union sacn_address group = sacn_group_address(net->bind.address.any.sa_family, universe, net->port);

    sacn_net_send(net, &group, packet, bytes);
}
