/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See gate_private.h: connect, bind, listen, sendto and sendmsg. Decisions are made on the broker's own
 * copy of the address. A connection is made on the broker's own socket and never on a duplicate of the
 * script's: another thread of the script could change that one to blocking, and the broker would wait.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "broker/gate/private.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"
#include "proto/spawn_request.h"

#define GATE_SOCKET FC_CLEANUP(gate_socket_deinit) struct gate_socket

/* policy_judge() with a line that says what would allow what it refused. */
static int gate_judge(struct gate *gate, enum policy_use use, const struct gate_socket *socket,
                      const void *sockaddr, size_t bytes, const char *call, struct policy_target *target)
{
    const char *option = use == POLICY_CONNECT ? "connect" : "listen";
    const char *name = socket->protocol == POLICY_TCP ? "tcp" : "udp";
    char text[80];
    int r = policy_judge(gate->spec.policy, use, socket->protocol, socket->family, sockaddr, bytes, target);

    if (r != -EACCES)
        return r;
    policy_format_address(&target->address, text, sizeof(text));
    gate_log(gate, "%s() to %s %s; \"%s = %s:%s\" would allow it", call, name, text, option, name, text);
    return -EACCES;
}

/* The same for the address at `at` in the caller's memory. */
static int gate_judge_copy(struct gate *gate, const struct seccomp_notif *call, enum policy_use use,
                           const struct gate_socket *socket, uint64_t at, uint64_t bytes, const char *name,
                           struct policy_target *target)
{
    struct sockaddr_storage copy;
    int r;

    if (bytes > sizeof(copy))
        return -EINVAL;
    r = gate_read(gate, call, at, &copy, (size_t)bytes);
    return r < 0 ? r : gate_judge(gate, use, socket, &copy, (size_t)bytes, name, target);
}

static void gate_pending_end(struct gate_pending *pending)
{
    loop_remove(pending->source);
    fc_closep(&pending->socket);
    *pending = (struct gate_pending){0};
}

void gate_interrupt(struct gate *gate)
{
    for (size_t i = 0; gate && gate->pending && i < GATE_MAX_PENDING; i++) {
        if (!gate->pending[i].gate)
            continue;
        gate_answer(gate, gate->pending[i].id, -EINTR, 0);
        gate_pending_end(&gate->pending[i]);
    }
}

void gate_drop_pending(struct gate *gate)
{
    for (size_t i = 0; gate->pending && i < GATE_MAX_PENDING; i++) {
        if (gate->pending[i].gate)
            gate_pending_end(&gate->pending[i]);
    }
}

/* The connection of a blocking caller has come to something. */
static void gate_pending_ready(void *userdata, uint32_t events)
{
    struct gate_pending *pending = userdata;
    struct gate *gate = pending->gate;
    int error = 0, r;
    socklen_t bytes = sizeof(error);

    (void)events;
    r = getsockopt(pending->socket, SOL_SOCKET, SO_ERROR, &error, &bytes) < 0 ? -errno : -error;
    if (r == 0)
        r = gate_socket_place(gate, pending->id, pending->socket, pending->target, false);
    gate_answer(gate, pending->id, r, 0);
    gate_pending_end(pending);
}

/* NULL: all are in use, or out of memory. */
static struct gate_pending *gate_pending_slot(struct gate *gate)
{
    if (!gate->pending)
        gate->pending = calloc(GATE_MAX_PENDING, sizeof(*gate->pending));
    for (size_t i = 0; gate->pending && i < GATE_MAX_PENDING; i++) {
        struct gate_pending *pending = &gate->pending[i];

        /* those whose caller was interrupted are waited for by nobody */
        if (pending->gate && !gate_is_valid(gate, pending->id))
            gate_pending_end(pending);
        if (!pending->gate)
            return pending;
    }
    return NULL;
}

static int gate_connect_later(struct gate *gate, const struct seccomp_notif *call, int *own)
{
    struct gate_pending *pending = gate_pending_slot(gate);
    int r;

    if (!pending)
        return -EAGAIN;
    *pending = (struct gate_pending){
        .gate = gate,
        .id = call->id,
        .socket = *own,
        .target = (int)call->data.args[0],
    };
    r = loop_add(gate->loop, &pending->source, *own, EPOLLOUT | EPOLLONESHOT, gate_pending_ready, pending);
    if (r < 0) {
        pending->gate = NULL;
        return r;
    }
    fc_steal_fd(own);
    return GATE_LATER;
}

/* A socket of ours that is already on its way: what connect() would say a second time. 0: it may start anew.
 */
static int gate_connect_state(const struct gate_socket *socket)
{
    struct tcp_info info = {0};
    socklen_t bytes = sizeof(info);

    if (!socket->is_ours || getsockopt(socket->fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) < 0)
        return 0;
    switch (info.tcpi_state) {
    case TCP_SYN_SENT:
        return -EALREADY;
    case TCP_CLOSE:
        return 0;
    default:
        return -EISCONN;
    }
}

static int gate_connect_tcp(struct gate *gate, const struct seccomp_notif *call,
                            const struct gate_socket *socket, const struct policy_target *to)
{
    FC_AUTO_CLOSE int own = -1;
    int r = gate_connect_state(socket), placed;

    if (r < 0)
        return r;
    if (!log_limit_take(&gate->connect_limit, fc_now_ns())) {
        gate_log(gate, "connect() because there are too many a second");
        return -EAGAIN;
    }
    own = gate_socket_twin(gate, socket);
    if (own < 0)
        return own;
    r = connect(own, (const struct sockaddr *)&to->sockaddr, to->n_bytes) < 0 ? -errno : 0;
    if (r < 0 && r != -EINPROGRESS)
        return r;
    if (r < 0 && !socket->is_nonblocking)
        return gate_connect_later(gate, call, &own);
    placed = gate_socket_place(gate, call->id, own, (int)call->data.args[0], socket->is_nonblocking);
    return placed < 0 ? placed : r;
}

/* Puts a socket of ours in place of a datagram socket that is not; *fd is a duplicate of what is there then.
 */
static int gate_adopt_udp(struct gate *gate, const struct seccomp_notif *call, struct gate_socket *socket)
{
    FC_AUTO_CLOSE int own = -1;
    int r;

    if (socket->is_ours)
        return 0;
    own = gate_socket_twin(gate, socket);
    if (own < 0)
        return own;
    r = gate_socket_place(gate, call->id, own, (int)call->data.args[0], socket->is_nonblocking);
    if (r < 0)
        return r;
    close(socket->fd);
    socket->fd = fc_steal_fd(&own);
    socket->is_ours = true;
    return 0;
}

static int gate_connect_udp(struct gate *gate, const struct seccomp_notif *call, struct gate_socket *socket,
                            const struct policy_target *to)
{
    int r = gate_adopt_udp(gate, call, socket);

    if (r < 0)
        return r;
    /* only notes the peer: never waits, whatever mode the socket is in */
    return connect(socket->fd, (const struct sockaddr *)&to->sockaddr, to->n_bytes) < 0 ? -errno : 0;
}

/* connect() to AF_UNSPEC: a datagram socket forgets its peer, and may still send to allowed ones only. */
static int gate_disconnect(const struct gate_socket *socket)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};

    if (socket->protocol != POLICY_UDP)
        return -EAFNOSUPPORT;
    if (!socket->is_ours)
        return 0;
    return connect(socket->fd, &none, sizeof(none)) < 0 ? -errno : 0;
}

static int gate_connect(struct gate *gate, const struct seccomp_notif *call, int64_t *result)
{
    GATE_SOCKET socket = {.fd = -1};
    struct policy_target to;
    int r = gate_socket_take(gate, (int)call->data.args[0], &socket);

    (void)result;
    if (r < 0)
        return r;
    r = gate_judge_copy(gate, call, POLICY_CONNECT, &socket, call->data.args[1], call->data.args[2],
                        "connect", &to);
    if (r == -ENOENT)
        return gate_disconnect(&socket);
    if (r < 0)
        return r;
    return socket.protocol == POLICY_TCP ? gate_connect_tcp(gate, call, &socket, &to)
                                         : gate_connect_udp(gate, call, &socket, &to);
}

/* Binds *own; or makes it the socket that another worker of this script has bound there. 1: that. */
static int gate_bind_or_borrow(struct gate *gate, int *own, const struct policy_target *at,
                               const struct gate_name *name)
{
    int borrowed;

    if (bind(*own, (const struct sockaddr *)&at->sockaddr, at->n_bytes) == 0)
        return 0;
    if (errno != EADDRINUSE || !gate->spec.borrow)
        return -errno;
    borrowed = gate->spec.borrow(gate->spec.userdata, name);
    if (borrowed < 0)
        return -EADDRINUSE;
    close(*own);
    *own = borrowed;
    return 1;
}

static int gate_bind(struct gate *gate, const struct seccomp_notif *call, int64_t *result)
{
    GATE_SOCKET socket = {.fd = -1};
    FC_AUTO_CLOSE int own = -1;
    struct gate_name name;
    struct policy_target at;
    int r = gate_socket_take(gate, (int)call->data.args[0], &socket);

    (void)result;
    if (r == 0)
        r = gate_judge_copy(gate, call, POLICY_LISTEN, &socket, call->data.args[1], call->data.args[2],
                            "bind", &at);
    if (r < 0)
        return r == -ENOENT ? -EAFNOSUPPORT : r;
    own = gate_socket_twin(gate, &socket);
    if (own < 0)
        return own;
    name = (struct gate_name){socket.family, socket.protocol, at.address};
    r = gate_bind_or_borrow(gate, &own, &at, &name);
    if (r < 0)
        return r;
    /* one that is shared keeps its mode */
    r = gate_socket_place(gate, call->id, own, (int)call->data.args[0], r == 1 || socket.is_nonblocking);
    if (r == 0)
        gate_note_bound(gate, (int)call->data.args[0], own, &name);
    return r;
}

/* Only where bind() put it: a socket whose connection failed must not become a server on a port of its
 * choice. */
static int gate_listen(struct gate *gate, const struct seccomp_notif *call, int64_t *result)
{
    GATE_SOCKET socket = {.fd = -1};
    struct sockaddr_storage at;
    socklen_t n_bytes = sizeof(at);
    struct policy_target judged;
    int r = gate_socket_take(gate, (int)call->data.args[0], &socket);

    (void)result;
    if (r < 0)
        return r;
    if (socket.protocol != POLICY_TCP)
        return -EOPNOTSUPP;
    if (!socket.is_ours) {
        gate_log(gate, "listen() on a socket that is not bound to a port which an option \"listen\" allows");
        return -EACCES;
    }
    if (getsockname(socket.fd, (struct sockaddr *)&at, &n_bytes) < 0)
        return -errno;
    r = gate_judge(gate, POLICY_LISTEN, &socket, &at, n_bytes, "listen", &judged);
    if (r < 0)
        return r;
    return listen(socket.fd, (int)call->data.args[1]) < 0 ? -errno : 0;
}

/* Sends a datagram for the caller; to `at` if that is not 0. */
static int gate_send(struct gate *gate, const struct seccomp_notif *call, uint64_t at, uint64_t at_bytes,
                     const void *bytes, size_t n_bytes, int64_t *result)
{
    GATE_SOCKET socket = {.fd = -1};
    struct policy_target to = {0};
    int r = gate_socket_take(gate, (int)call->data.args[0], &socket);
    ssize_t sent;

    if (r == 0 && at && socket.protocol == POLICY_TCP)
        return -EISCONN; /* also with MSG_FASTOPEN: connections are made by connect() */
    if (r == 0 && at)
        r = gate_judge_copy(gate, call, POLICY_CONNECT, &socket, at, at_bytes, "send", &to);
    if (r == 0 && at)
        r = gate_adopt_udp(gate, call, &socket);
    if (r < 0)
        return r == -ENOENT ? -EINVAL : r;
    sent = sendto(socket.fd, bytes, n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL,
                  at ? (const struct sockaddr *)&to.sockaddr : NULL, to.n_bytes);
    *result = sent;
    return sent < 0 ? -errno : 0;
}

static int gate_sendto(struct gate *gate, const struct seccomp_notif *call, int64_t *result)
{
    static uint8_t bytes[GATE_MAX_DATAGRAM];
    uint64_t n_bytes = call->data.args[2];
    int r;

    if (n_bytes > sizeof(bytes))
        return -EMSGSIZE;
    r = gate_read(gate, call, call->data.args[1], bytes, (size_t)n_bytes);
    return r < 0 ? r
                 : gate_send(gate, call, call->data.args[4], call->data.args[5], bytes, (size_t)n_bytes,
                             result);
}

/* A message in parts becomes one block; control messages (descriptors among them) are not served. */
static int gate_gather(struct gate *gate, const struct seccomp_notif *call, const struct msghdr *message,
                       uint8_t *bytes, size_t room, size_t *n_bytes)
{
    struct iovec parts[GATE_MAX_PARTS];
    int r;

    if (message->msg_controllen || message->msg_iovlen > GATE_MAX_PARTS)
        return -EOPNOTSUPP;
    r = gate_read(gate, call, (uintptr_t)message->msg_iov, parts, message->msg_iovlen * sizeof(*parts));
    *n_bytes = 0;
    for (size_t i = 0; r == 0 && i < message->msg_iovlen; i++) {
        if (parts[i].iov_len > room - *n_bytes)
            return -EMSGSIZE;
        r = gate_read(gate, call, (uintptr_t)parts[i].iov_base, bytes + *n_bytes, parts[i].iov_len);
        *n_bytes += parts[i].iov_len;
    }
    return r;
}

static int gate_sendmsg(struct gate *gate, const struct seccomp_notif *call, int64_t *result)
{
    static uint8_t bytes[GATE_MAX_DATAGRAM];
    struct msghdr message;
    size_t n_bytes;
    int r = gate_read(gate, call, call->data.args[1], &message, sizeof(message));

    if (r == 0)
        r = gate_gather(gate, call, &message, bytes, sizeof(bytes), &n_bytes);
    return r < 0 ? r
                 : gate_send(gate, call, (uintptr_t)message.msg_name, message.msg_namelen, bytes, n_bytes,
                             result);
}

/* The same in every worker, also where there is no user namespace: it tells nothing of the host. */
static int gate_identity(struct gate *gate, const struct seccomp_notif *call, int64_t *result)
{
    (void)gate, (void)call;
    *result = SPAWN_INNER_ID;
    return 0;
}

const struct gate_call gate_calls[GATE_CALLS] = {
    {"connect", gate_connect},  {"bind", gate_bind},       {"listen", gate_listen},
    {"sendto", gate_sendto},    {"sendmsg", gate_sendmsg}, {"getuid", gate_identity},
    {"geteuid", gate_identity}, {"getgid", gate_identity}, {"getegid", gate_identity},
};
