/* SPDX-License-Identifier: BSD-2-Clause */
/* A table of senders for each worker that has a server. */
#include "broker/gate/peers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Whether the socket is bound where datagrams may be received. */
static bool peers_is_server(const struct gate_worker *worker, const struct gate_socket *socket)
{
    struct sockaddr_storage at;
    socklen_t n_bytes = sizeof(at);
    struct policy_address local;

    return socket->kind.is_ours && socket->kind.protocol == POLICY_UDP &&
           getsockname(socket->fd, (struct sockaddr *)&at, &n_bytes) == 0 &&
           policy_read_address(&local, &at, n_bytes) == 0 &&
           policy_allows(worker->spec.policy, POLICY_LISTEN, POLICY_UDP, &local);
}

static bool peers_is(const struct gate_peer *peer, uint64_t cookie, const struct policy_address *address)
{
    return peer->cookie == cookie && peer->address.port == address->port &&
           peer->address.scope == address->scope &&
           memcmp(peer->address.bytes, address->bytes, sizeof(address->bytes)) == 0;
}

/* Returns the peer's entry, or the one that it takes. */
static struct gate_peer *peers_place(struct gate_worker *worker, uint64_t cookie,
                                     const struct policy_address *address)
{
    struct gate_peer *place = worker->peers;

    for (size_t i = 0; i < GATE_PEERS; i++) {
        if (peers_is(&worker->peers[i], cookie, address))
            return &worker->peers[i];
        if (worker->peers[i].heard_ns < place->heard_ns)
            place = &worker->peers[i];
    }
    return place;
}

void gate_peers_note(struct gate_worker *worker, const struct gate_socket *socket)
{
    struct sockaddr_storage from;
    socklen_t n_bytes = sizeof(from);
    struct policy_address address;

    if (!peers_is_server(worker, socket) ||
        recvfrom(socket->fd, NULL, 0, MSG_PEEK | MSG_DONTWAIT, (struct sockaddr *)&from, &n_bytes) < 0 ||
        policy_read_address(&address, &from, n_bytes) < 0)
        return;
    if (!worker->peers)
        worker->peers = calloc(GATE_PEERS, sizeof(*worker->peers));
    if (!worker->peers)
        return;
    *peers_place(worker, socket->kind.cookie, &address) =
        (struct gate_peer){.cookie = socket->kind.cookie, .address = address, .heard_ns = fc_now_ns()};
}

bool gate_peers_may_answer(const struct gate_worker *worker, const struct gate_socket *socket,
                           const struct policy_address *address)
{
    uint64_t now_ns = fc_now_ns();

    for (size_t i = 0; worker->peers && i < GATE_PEERS; i++) {
        if (peers_is(&worker->peers[i], socket->kind.cookie, address))
            return socket->kind.is_ours && now_ns - worker->peers[i].heard_ns <= GATE_PEER_NS &&
                   peers_is_server(worker, socket);
    }
    return false;
}
