/* SPDX-License-Identifier: BSD-2-Clause */
/* bind, listen, sendto, sendmsg and questions of identity, and the table of all calls that are served. */
#include "broker/gate/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "broker/gate/connect.h"
#include "broker/gate/deleted.h"
#include "broker/gate/flight.h"
#include "broker/gate/judge.h"
#include "broker/gate/notification.h"
#include "broker/gate/options.h"
#include "broker/gate/peers.h"
#include "broker/gate/socket.h"
#include "firecurtain/cleanup.h"
#include "proto/spawn_request.h"

/*
 * Binds *own, or replaces it with the socket that another worker of this script has bound there. Returns 1 if
 * it was replaced, 0, or -errno.
 */
static int gate_bind_or_borrow(struct gate_worker *worker, int *own, const struct policy_target *at,
                               const struct gate_name *name)
{
    int borrowed;

    if (bind(*own, (const struct sockaddr *)&at->sockaddr, at->n_bytes) == 0)
        return 0;
    if (errno != EADDRINUSE || !worker->spec.ops->borrow)
        return -errno;
    borrowed = worker->spec.ops->borrow(worker->spec.userdata, name);
    if (borrowed < 0)
        return -EADDRINUSE;
    close(*own);
    *own = borrowed;
    return 1;
}

/*
 * Has a socket that is about to be bound to all IPv6 addresses leave those of IPv4 alone, unless the policy
 * allows both.
 */
static int gate_keep_to_v6(const struct gate_worker *worker, int own, const struct gate_kind *kind,
                           const struct policy_target *at)
{
    const struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(at->address.port)};
    static const uint8_t any_v6[16];
    struct policy_target judged;
    int r;

    if (kind->family != AF_INET6 || memcmp(at->address.bytes, any_v6, sizeof(any_v6)) != 0)
        return 0;
    r = policy_judge(worker->spec.policy, POLICY_LISTEN, kind->protocol, AF_INET, &v4, sizeof(v4), &judged);
    if (r == -EACCES)
        r = setsockopt(own, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int)) < 0 ? -errno : 0;
    return r;
}

/* Mentions a port that an option allows and the kernel refuses. */
static void gate_note_low_port(struct gate_worker *worker, uint16_t port)
{
    gate_log(worker,
             "bind(): port %u is below 1024, which needs a right: listen on a higher one, or add "
             "AmbientCapabilities=CAP_NET_BIND_SERVICE to the service (without one: sysctl "
             "net.ipv4.ip_unprivileged_port_start=%u)",
             port, port);
}

static int gate_bind(struct gate_worker *worker, const struct seccomp_notif *call, int64_t *result)
{
    GATE_SOCKET socket = {.fd = -1};
    FC_AUTO_CLOSE int own = -1;
    struct gate_name name;
    struct policy_target at;
    bool is_kept; /* it is the gate's already, and has options that another would not have */
    int r = gate_socket_take(worker, (int)call->data.args[0], &socket);

    (void)result;
    if (r == 0)
        r = gate_judge_copy(worker, call, POLICY_LISTEN, &socket, call->data.args[1], call->data.args[2],
                            "bind", &at);
    if (r < 0)
        return r == -ENOENT ? -EAFNOSUPPORT : r;
    is_kept = gate_has_options(worker, &socket);
    own = is_kept ? fcntl(socket.fd, F_DUPFD_CLOEXEC, 0) : gate_socket_twin(worker, &socket);
    if (own < 0)
        return own;
    r = gate_keep_to_v6(worker, own, &socket.kind, &at);
    if (r < 0)
        return r;
    name = (struct gate_name){socket.kind.family, socket.kind.protocol, at.address};
    r = gate_bind_or_borrow(worker, &own, &at, &name);
    if (r == -EACCES)
        gate_note_low_port(worker, at.address.port);
    if (r < 0 || (r == 0 && is_kept))
        return r;
    /* a shared socket keeps its mode */
    return gate_socket_place(worker, call->id, own, (int)call->data.args[0],
                             r == 1 || gate_socket_is_nonblocking(&socket));
}

/*
 * Listens only where bind() put the socket: one whose connection failed must not become a server elsewhere.
 * Of a datagram socket, it looks who has sent what is first in line.
 */
static int gate_listen(struct gate_worker *worker, const struct seccomp_notif *call, int64_t *result)
{
    GATE_SOCKET socket = {.fd = -1};
    struct sockaddr_storage at;
    socklen_t n_bytes = sizeof(at);
    struct policy_address name;
    struct policy_target judged;
    int r = gate_socket_take(worker, (int)call->data.args[0], &socket);

    (void)result;
    if (r < 0)
        return r;
    if (socket.kind.protocol != POLICY_TCP) {
        gate_peers_note(worker, &socket);
        return -EOPNOTSUPP;
    }
    if (getsockname(socket.fd, (struct sockaddr *)&at, &n_bytes) < 0)
        return -errno;
    r = policy_read_address(&name, &at, n_bytes);
    if (r == 0 && (!socket.kind.is_ours || name.port == 0)) { /* which bind() may ask for, for a client */
        gate_log(worker, "listen() on a socket that is not bound to a port allowed by an option \"listen\"");
        r = -EACCES;
    }
    if (r < 0)
        return r;
    r = gate_judge(worker, POLICY_LISTEN, &socket, &at, n_bytes, "listen", &judged);
    if (r < 0)
        return r;
    return listen(socket.fd, (int)call->data.args[1]) < 0 ? -errno : 0;
}

/* Sends a datagram for the caller; to `at` if that is not 0. */
static int gate_send(struct gate_worker *worker, const struct seccomp_notif *call, uint64_t at,
                     uint64_t at_bytes, const void *bytes, size_t n_bytes, int64_t *result)
{
    GATE_SOCKET socket = {.fd = -1};
    struct policy_target to = {0};
    int r = gate_socket_take(worker, (int)call->data.args[0], &socket);
    ssize_t sent;

    if (r == 0 && at && socket.kind.protocol == POLICY_TCP)
        return -EISCONN; /* also with MSG_FASTOPEN: connections are made by connect() */
    if (r == 0 && !at)
        r = gate_is_valid(worker, call->id) ? 0 : -ESRCH;
    if (r == 0 && at)
        r = gate_judge_copy(worker, call, POLICY_CONNECT, &socket, at, at_bytes, GATE_SEND, &to);
    if (r == 0 && at)
        r = gate_socket_adopt_udp(worker, call, &socket);
    if (r < 0)
        return r == -ENOENT ? -EINVAL : r;
    worker->spec.flight->now.sent = (uint32_t)n_bytes + 1;
    sent = sendto(socket.fd, bytes, n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL,
                  at ? (const struct sockaddr *)&to.sockaddr : NULL, to.n_bytes);
    *result = sent;
    return sent < 0 ? -errno : 0;
}

static int gate_sendto(struct gate_worker *worker, const struct seccomp_notif *call, int64_t *result)
{
    static uint8_t bytes[GATE_MAX_DATAGRAM];
    uint64_t n_bytes = call->data.args[2];
    int r;

    if (n_bytes > sizeof(bytes))
        return -EMSGSIZE;
    r = gate_copy(worker, call->data.args[1], bytes, (size_t)n_bytes);
    return r < 0 ? r
                 : gate_send(worker, call, call->data.args[4], call->data.args[5], bytes, (size_t)n_bytes,
                             result);
}

/* Joins the parts of a message. Control messages, descriptors among them, are not served. */
static int gate_gather(const struct gate_worker *worker, const struct msghdr *message, uint8_t *bytes,
                       size_t room, size_t *n_bytes)
{
    struct iovec parts[GATE_MAX_PARTS];
    int r;

    if (message->msg_controllen || message->msg_iovlen > GATE_MAX_PARTS)
        return -EOPNOTSUPP;
    r = gate_copy(worker, (uintptr_t)message->msg_iov, parts, message->msg_iovlen * sizeof(*parts));
    *n_bytes = 0;
    for (size_t i = 0; r == 0 && i < message->msg_iovlen; i++) {
        if (parts[i].iov_len > room - *n_bytes)
            return -EMSGSIZE;
        r = gate_copy(worker, (uintptr_t)parts[i].iov_base, bytes + *n_bytes, parts[i].iov_len);
        *n_bytes += parts[i].iov_len;
    }
    return r;
}

static int gate_sendmsg(struct gate_worker *worker, const struct seccomp_notif *call, int64_t *result)
{
    static uint8_t bytes[GATE_MAX_DATAGRAM];
    struct msghdr message;
    size_t n_bytes;
    int r = gate_copy(worker, call->data.args[1], &message, sizeof(message));

    if (r == 0)
        r = gate_gather(worker, &message, bytes, sizeof(bytes), &n_bytes);
    return r < 0 ? r
                 : gate_send(worker, call, (uintptr_t)message.msg_name, message.msg_namelen, bytes, n_bytes,
                             result);
}

/* Answers the same in every worker, even without a user namespace: it tells nothing about the host. */
static int gate_identity(struct gate_worker *worker, const struct seccomp_notif *call, int64_t *result)
{
    (void)worker, (void)call;
    *result = SPAWN_INNER_ID;
    return 0;
}

const struct gate_call gate_calls[GATE_CALLS] = {
    {"connect", gate_connect},       {"bind", gate_bind},        {"listen", gate_listen},
    {"sendto", gate_sendto},         {"sendmsg", gate_sendmsg},  {"setsockopt", gate_setsockopt},
    {"socketpair", gate_socketpair}, {"unlink", gate_delete},    {"rename", gate_delete},
    {"renameat", gate_delete},       {"getuid", gate_identity},  {"geteuid", gate_identity},
    {"getgid", gate_identity},       {"getegid", gate_identity},
};
