/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets of workers, and the gate's own in their place. A script's own socket is in an empty network
 * namespace; one that it may use is made by the gate in its own namespace and put in place with
 * SECCOMP_IOCTL_NOTIF_ADDFD. The namespace's cookie tells the two apart.
 */
#include "broker/gate/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/time.h>
#include <unistd.h>

#include "broker/base/descriptors.h"
#include "broker/gate/notification.h"
#include "broker/os/network.h"
#include "firecurtain/cleanup.h"

/* Options that a program may have set before it connects, and keeps. */
static const struct {
    int level;
    int name;
} gate_options[] = {
    {SOL_SOCKET, SO_REUSEADDR},
    {SOL_SOCKET, SO_REUSEPORT},
    {SOL_SOCKET, SO_KEEPALIVE},
    {SOL_SOCKET, SO_BROADCAST},
    {SOL_SOCKET, SO_OOBINLINE},
    {SOL_SOCKET, SO_RCVTIMEO},
    {SOL_SOCKET, SO_SNDTIMEO},
    {IPPROTO_TCP, TCP_NODELAY},
    {IPPROTO_TCP, TCP_KEEPIDLE},
    {IPPROTO_TCP, TCP_KEEPINTVL},
    {IPPROTO_TCP, TCP_KEEPCNT},
    {IPPROTO_TCP, TCP_USER_TIMEOUT},
    {IPPROTO_IPV6, IPV6_V6ONLY},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP},
    {IPPROTO_IP, IP_TOS},
    {IPPROTO_IP, IP_TTL},
    {IPPROTO_IP, IP_MULTICAST_TTL},
    {IPPROTO_IP, IP_MULTICAST_LOOP},
};

static int gate_get_int(int fd, int level, int name)
{
    int value = -1;
    socklen_t bytes = sizeof(value);

    return getsockopt(fd, level, name, &value, &bytes) < 0 ? -1 : value;
}

static int gate_protocol(const struct gate_kind *kind, int protocol)
{
    if (kind->family != AF_INET && kind->family != AF_INET6)
        return -EAFNOSUPPORT;
    if (kind->type == SOCK_STREAM && protocol == IPPROTO_TCP)
        return POLICY_TCP;
    if (kind->type == SOCK_DGRAM && protocol == IPPROTO_UDP)
        return POLICY_UDP;
    return -EOPNOTSUPP; /* MPTCP, SCTP, ICMP, raw */
}

/* Finds out what a socket is. */
static int gate_look(const struct gate_worker *worker, int fd, struct gate_kind *kind)
{
    int protocol;

    kind->family = gate_get_int(fd, SOL_SOCKET, SO_DOMAIN);
    kind->type = gate_get_int(fd, SOL_SOCKET, SO_TYPE);
    protocol = gate_protocol(kind, gate_get_int(fd, SOL_SOCKET, SO_PROTOCOL));
    if (protocol < 0)
        return protocol;
    kind->protocol = (enum policy_protocol)protocol;
    kind->is_ours = network_of(fd) == worker->cookie;
    return 0;
}

int gate_take(const struct gate_worker *worker, int fd)
{
    int own = pidfd_getfd(worker->spec.pidfd, fd, 0);

    return own < 0 ? -errno : own;
}

int gate_socket_take(struct gate_worker *worker, int fd, struct gate_socket *socket)
{
    struct gate_kind *kind = &socket->kind;
    int r;

    socket->fd = gate_take(worker, fd);
    if (socket->fd < 0)
        return socket->fd;
    kind->cookie = network_cookie(socket->fd);
    if (!kind->cookie)
        return -ENOTSOCK;
    if (kind->cookie == worker->last.cookie) {
        *kind = worker->last;
        return 0;
    }
    r = gate_look(worker, socket->fd, kind);
    if (r == 0)
        worker->last = *kind;
    return r;
}

bool gate_socket_is_nonblocking(const struct gate_socket *socket)
{
    return fcntl(socket->fd, F_GETFL) & O_NONBLOCK;
}

void gate_socket_deinit(struct gate_socket *socket)
{
    fc_closep(&socket->fd);
}

static void gate_copy_options(int from, int to)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(gate_options); i++) {
        union {
            int number;
            struct timeval time;
        } value;
        socklen_t bytes = sizeof(value);

        if (getsockopt(from, gate_options[i].level, gate_options[i].name, &value, &bytes) == 0)
            setsockopt(to, gate_options[i].level, gate_options[i].name, &value, bytes);
    }
}

/* Returns how many descriptors of sockets of the gate's network the worker has. */
static uint64_t gate_count_sockets(const struct gate_worker *worker)
{
    uint64_t n = 0;

    for (uint32_t fd = 0; fd < worker->spec.files; fd++) {
        FC_AUTO_CLOSE int own = gate_take(worker, (int)fd);

        n += own >= 0 && !network_is_unix(own) && network_of(own) == worker->cookie;
    }
    return n;
}

/* Counts the worker's sockets once the limit seems to be reached: nothing tells when a script closes one. */
static int gate_check_connections(struct gate_worker *worker)
{
    uint64_t now_ns = fc_now_ns(), limit = worker->spec.connections;

    if (!limit || worker->n_open < limit)
        return 0;
    if (!worker->counted_ns || now_ns - worker->counted_ns >= GATE_COUNT_NS) {
        worker->counted_ns = now_ns;
        worker->n_open = gate_count_sockets(worker);
        for (size_t i = 0; worker->pending && i < GATE_MAX_PENDING; i++)
            worker->n_open += worker->pending[i].worker != NULL;
    }
    if (worker->n_open < limit)
        return 0;
    gate_log(worker, "another socket, since %llu are open (option connections)",
             (unsigned long long)worker->n_open);
    return -EMFILE;
}

int gate_socket_twin(struct gate_worker *worker, const struct gate_socket *from)
{
    int r = descriptors_left(DESCRIPTORS_FOR_SCRIPTS);
    int fd;

    if (r == 0)
        r = gate_check_connections(worker);
    fd = r < 0 ? r : socket(from->kind.family, from->kind.type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return r < 0 ? r : -errno;
    gate_copy_options(from->fd, fd);
    worker->n_open++;
    return fd;
}

int gate_socket_place(struct gate_worker *worker, uint64_t id, int own, int target, bool nonblocking)
{
    struct seccomp_notif_addfd addfd = {
        .id = id,
        .flags = SECCOMP_ADDFD_FLAG_SETFD,
        .srcfd = (uint32_t)own,
        .newfd = (uint32_t)target,
        .newfd_flags = O_CLOEXEC,
    };

    /* while nobody else holds it: afterwards the script can change the mode */
    if (!nonblocking && fcntl(own, F_SETFL, 0) < 0)
        return -errno;
    if (ioctl(worker->fd, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd) < 0)
        return -errno;
    worker->spec.ops->placed(worker->spec.userdata, target);
    return 0;
}

int gate_socket_adopt_udp(struct gate_worker *worker, const struct seccomp_notif *call,
                          struct gate_socket *socket)
{
    FC_AUTO_CLOSE int own = -1;
    int r;

    if (socket->kind.is_ours)
        return 0;
    own = gate_socket_twin(worker, socket);
    if (own < 0)
        return own;
    r = gate_socket_place(worker, call->id, own, (int)call->data.args[0], gate_socket_is_nonblocking(socket));
    if (r < 0)
        return r;
    close(socket->fd);
    socket->fd = fc_steal_fd(&own);
    socket->kind.is_ours = true;
    socket->kind.cookie = network_cookie(socket->fd);
    worker->last = socket->kind;
    return 0;
}
