/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening, sharing and reading sockets of Art-Net. Used in the broker. */
#include "broker/backends/artnet_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"

/* Events after which a turn ends: a packet has up to 512 of them. */
#define EVENTS_PER_TURN 2048

static struct artnet_socket *sockets; /* all that are open */

/* Returns an instance that has the socket, for its lines in the log. */
static struct fc_instance *any_instance(const struct artnet_socket *socket)
{
    return socket->ports->universe.instance;
}

/* Finds the address that a packet came to. False if the packet says nothing about it. */
static bool find_local(struct msghdr *message, struct in_pktinfo *info)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != IPPROTO_IP || part->cmsg_type != IP_PKTINFO)
            continue;
        memcpy(info, CMSG_DATA(part), sizeof(*info));
        return true;
    }
    return false;
}

/* Receives a packet. Returns its length, or -errno. */
static ssize_t receive(struct artnet_socket *socket, struct artnet_received *received)
{
    uint8_t control[CMSG_SPACE(sizeof(struct in_pktinfo))] __attribute__((aligned(8)));
    struct iovec space = {.iov_base = socket->packet, .iov_len = sizeof(socket->packet)};
    struct in_pktinfo info = {0};
    struct msghdr message = {
        .msg_name = &received->from,
        .msg_namelen = sizeof(received->from),
        .msg_iov = &space,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof(control),
    };
    ssize_t bytes = recvmsg(socket->fd, &message, MSG_DONTWAIT);

    if (bytes < 0)
        return -errno;
    find_local(&message, &info);
    received->local = info.ipi_spec_dst;
    received->is_own_broadcast = info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr &&
                                 received->from.sin_addr.s_addr == info.ipi_spec_dst.s_addr &&
                                 received->from.sin_port == socket->bind.sin_port;
    return bytes;
}

/* Takes what was received. Returns its cost. */
static unsigned take(struct artnet_socket *socket, struct artnet_received *received, size_t bytes)
{
    const char *what = NULL;

    if (artnet_codec_read(socket->packet, bytes, &received->packet, &what) < 0) {
        char sender[INET_ADDRSTRLEN] = "?";

        inet_ntop(AF_INET, &received->from.sin_addr, sender, sizeof(sender));
        fc_drop(any_instance(socket), "from %s: %s", sender, what);
        return 0;
    }
    if (received->packet.kind == ARTNET_OTHER || received->is_own_broadcast)
        return 0;
    return socket->take(socket, received);
}

static void ready(void *userdata)
{
    struct artnet_socket *socket = userdata;
    unsigned cost = 0;

    for (unsigned budget = FC_WATCH_BUDGET; budget > 0 && cost < EVENTS_PER_TURN; budget--) {
        struct artnet_received received = {0};
        ssize_t bytes = receive(socket, &received);

        if (bytes < 0) {
            if (bytes != -EAGAIN && bytes != -EINTR)
                net_failure_note(&socket->failure, any_instance(socket), "nothing can be received",
                                 (int)-bytes);
            return;
        }
        cost += take(socket, &received, (size_t)bytes);
    }
}

static int open_socket(int *fd, const struct sockaddr_in *address)
{
    FC_AUTO_CLOSE int made = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    if (made < 0 || setsockopt(made, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) < 0 ||
        setsockopt(made, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0 ||
        bind(made, (const struct sockaddr *)address, sizeof(*address)) < 0)
        return -errno;
    *fd = fc_steal_fd(&made);
    return 0;
}

static struct artnet_socket *find(const struct sockaddr_in *address)
{
    struct artnet_socket *socket = sockets;

    while (socket && (socket->bind.sin_addr.s_addr != address->sin_addr.s_addr ||
                      socket->bind.sin_port != address->sin_port))
        socket = socket->next;
    return socket;
}

const char *artnet_socket_owner(const struct sockaddr_in *bind)
{
    const struct artnet_socket *socket = find(bind);

    return socket ? fc_instance_name(any_instance(socket)) : NULL;
}

static void close_socket(struct artnet_socket *socket)
{
    struct artnet_socket **link = &sockets;

    while (*link && *link != socket)
        link = &(*link)->next;
    if (*link)
        *link = socket->next;
    fc_watch_free(socket->watch);
    if (socket->fd >= 0)
        close(socket->fd);
    free(socket);
}

static int new_socket(struct artnet_socket **socketp, struct artnet_port *port,
                      const struct sockaddr_in *address, artnet_socket_fn fn)
{
    struct artnet_socket *socket = calloc(1, sizeof(*socket));
    int r;

    if (!socket)
        return -ENOMEM;
    socket->take = fn;
    socket->bind = *address;
    socket->fd = -1;
    r = open_socket(&socket->fd, address);
    if (r == 0)
        r = fc_watch_new(&socket->watch, port->universe.instance, socket->fd, ready, socket);
    if (r < 0) {
        close_socket(socket);
        return r;
    }
    socket->next = sockets;
    sockets = socket;
    *socketp = socket;
    return 0;
}

int artnet_socket_join(struct artnet_port *port, const struct sockaddr_in *bind, artnet_socket_fn take_fn)
{
    struct artnet_socket *socket = find(bind);
    int r = 0;

    if (socket && artnet_socket_find(socket, port->address))
        return -EADDRINUSE;
    if (!socket)
        r = new_socket(&socket, port, bind, take_fn);
    if (r < 0)
        return r;
    HASH_ADD(hh, socket->ports, address, sizeof(port->address), port);
    if (!port->hh.tbl) {
        if (!socket->ports)
            close_socket(socket);
        return -ENOMEM;
    }
    port->socket = socket;
    return 0;
}

void artnet_socket_leave(struct artnet_port *port)
{
    struct artnet_socket *socket = port->socket;

    if (!socket)
        return;
    HASH_DEL(socket->ports, port);
    port->hh.tbl = NULL;
    port->socket = NULL;
    if (!socket->ports)
        close_socket(socket);
}

struct artnet_port *artnet_socket_find(const struct artnet_socket *socket, uint16_t address)
{
    struct artnet_port *port;

    HASH_FIND(hh, socket->ports, &address, sizeof(address), port);
    return port;
}

void artnet_socket_send(struct artnet_socket *socket, const struct sockaddr_in *to, const uint8_t *packet,
                        size_t bytes)
{
    if (sendto(socket->fd, packet, bytes, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)to,
               sizeof(*to)) < 0)
        net_failure_note(&socket->failure, any_instance(socket), "nothing can be sent", errno);
    else
        net_failure_works(&socket->failure, any_instance(socket));
}
