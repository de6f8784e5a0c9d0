/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connect(). A connection is made on the gate's own socket and never on a duplicate of the script's:
 * another thread of the script could change that one to blocking, and the gate would wait.
 */
#include "broker/gate/connect.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "broker/gate/flight.h"
#include "broker/gate/judge.h"
#include "broker/gate/notification.h"
#include "broker/gate/socket.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

static void gate_pending_end(struct gate_pending *pending)
{
    loop_remove(pending->source);
    fc_closep(&pending->socket);
    pending->flight->worker = 0;
    *pending = (struct gate_pending){0};
}

void gate_interrupt(struct gate_worker *worker)
{
    for (size_t i = 0; worker && worker->pending && i < GATE_MAX_PENDING; i++) {
        if (!worker->pending[i].worker)
            continue;
        gate_answer(worker, worker->pending[i].id, -EINTR, 0);
        gate_pending_end(&worker->pending[i]);
    }
}

void gate_drop_pending(struct gate_worker *worker)
{
    for (size_t i = 0; worker->pending && i < GATE_MAX_PENDING; i++) {
        if (worker->pending[i].worker)
            gate_pending_end(&worker->pending[i]);
    }
}

/* Answers a blocking caller whose connection is made or has failed. */
static void gate_pending_ready(void *userdata, uint32_t events)
{
    struct gate_pending *pending = userdata;
    struct gate_worker *worker = pending->worker;
    int error = 0, r;
    socklen_t bytes = sizeof(error);

    (void)events;
    r = getsockopt(pending->socket, SOL_SOCKET, SO_ERROR, &error, &bytes) < 0 ? -errno : -error;
    if (r == 0)
        r = gate_socket_place(worker, pending->id, pending->socket, pending->target, false);
    gate_answer(worker, pending->id, r, 0);
    gate_pending_end(pending);
}

/* Returns a free slot; NULL if all are in use, or if out of memory. */
static struct gate_pending *gate_pending_slot(struct gate_worker *worker)
{
    if (!worker->pending)
        worker->pending = calloc(GATE_MAX_PENDING, sizeof(*worker->pending));
    for (size_t i = 0; worker->pending && i < GATE_MAX_PENDING; i++) {
        struct gate_pending *pending = &worker->pending[i];

        /* nobody waits for one whose caller was interrupted */
        if (pending->worker && !gate_is_valid(worker, pending->id))
            gate_pending_end(pending);
        if (!pending->worker)
            return pending;
    }
    return NULL;
}

static int gate_connect_later(struct gate_worker *worker, const struct seccomp_notif *call, int *own)
{
    struct gate_pending *pending = gate_pending_slot(worker);
    struct flight_call *flight = pending ? flight_put_off(worker->spec.flight) : NULL;
    int r;

    if (!pending || !flight)
        return -EAGAIN;
    *pending = (struct gate_pending){
        .worker = worker,
        .flight = flight,
        .id = call->id,
        .socket = *own,
        .target = (int)call->data.args[0],
    };
    r = loop_add(worker->spec.loop, &pending->source, *own, EPOLLOUT | EPOLLONESHOT, "a connection",
                 gate_pending_ready, pending);
    if (r < 0) {
        flight->worker = 0;
        pending->worker = NULL;
        return r;
    }
    fc_steal_fd(own);
    return GATE_LATER;
}

/*
 * Returns what a second connect() would on a socket of the gate's: -EALREADY or -EISCONN, or 0 if it may
 * start again.
 */
static int gate_connect_state(const struct gate_socket *socket)
{
    struct tcp_info info = {0};
    socklen_t bytes = sizeof(info);

    if (!socket->kind.is_ours || getsockopt(socket->fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) < 0)
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

/*
 * Binds the gate's own socket where the script has bound the one that it replaces, whose connections then
 * come from that port. Both have the port until one is closed, which SO_REUSEADDR allows; it is as the script
 * set it afterwards. 0, also if there is no such port, or -errno.
 */
static int gate_keep_port(const struct gate_socket *socket, int own)
{
    struct sockaddr_storage at;
    struct policy_address local;
    socklen_t n_bytes = sizeof(at), n_reuse = sizeof(int);
    int reuse = 0, on = 1, r = 0;

    if (!socket->kind.is_ours || getsockname(socket->fd, (struct sockaddr *)&at, &n_bytes) < 0 ||
        policy_read_address(&local, &at, n_bytes) < 0 || local.port == 0)
        return 0;
    getsockopt(socket->fd, SOL_SOCKET, SO_REUSEADDR, &reuse, &n_reuse);
    if (setsockopt(socket->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        setsockopt(own, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(own, (const struct sockaddr *)&at, n_bytes) < 0)
        r = -errno;
    setsockopt(socket->fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
    setsockopt(own, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
    return r;
}

static int gate_connect_tcp(struct gate_worker *worker, const struct seccomp_notif *call,
                            const struct gate_socket *socket, const struct policy_target *to)
{
    FC_AUTO_CLOSE int own = -1;
    int r = gate_connect_state(socket), placed;

    if (r < 0)
        return r;
    if (!rate_allow(&worker->connect_rate, fc_now_ns())) {
        gate_log(worker, "connect(), since there are too many a second");
        return -EAGAIN;
    }
    own = gate_socket_twin(worker, socket);
    if (own < 0)
        return own;
    r = gate_keep_port(socket, own);
    if (r < 0)
        return r;
    r = connect(own, (const struct sockaddr *)&to->sockaddr, to->n_bytes) < 0 ? -errno : 0;
    if (r < 0 && r != -EINPROGRESS)
        return r;
    if (r < 0 && !gate_socket_is_nonblocking(socket))
        return gate_connect_later(worker, call, &own);
    placed =
        gate_socket_place(worker, call->id, own, (int)call->data.args[0], gate_socket_is_nonblocking(socket));
    return placed < 0 ? placed : r;
}

static int gate_connect_udp(struct gate_worker *worker, const struct seccomp_notif *call,
                            struct gate_socket *socket, const struct policy_target *to)
{
    int r = gate_socket_adopt_udp(worker, call, socket);

    if (r < 0)
        return r;
    /* only sets the peer: never waits, whatever mode the socket is in */
    return connect(socket->fd, (const struct sockaddr *)&to->sockaddr, to->n_bytes) < 0 ? -errno : 0;
}

/*
 * Carries out connect() to AF_UNSPEC: a datagram socket forgets its peer. It may still send to allowed ones
 * only.
 */
static int gate_disconnect(const struct gate_socket *socket)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};

    if (socket->kind.protocol != POLICY_UDP)
        return -EAFNOSUPPORT;
    if (!socket->kind.is_ours)
        return 0;
    return connect(socket->fd, &none, sizeof(none)) < 0 ? -errno : 0;
}

int gate_connect(struct gate_worker *worker, const struct seccomp_notif *call, int64_t *result)
{
    GATE_SOCKET socket = {.fd = -1};
    struct policy_target to;
    int r = gate_socket_take(worker, (int)call->data.args[0], &socket);

    (void)result;
    if (r < 0)
        return r;
    r = gate_judge_copy(worker, call, POLICY_CONNECT, &socket, call->data.args[1], call->data.args[2],
                        "connect", &to);
    if (r == -ENOENT)
        return gate_disconnect(&socket);
    if (r < 0)
        return r;
    return socket.kind.protocol == POLICY_TCP ? gate_connect_tcp(worker, call, &socket, &to)
                                              : gate_connect_udp(worker, call, &socket, &to);
}
