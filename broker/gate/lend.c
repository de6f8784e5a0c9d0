/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bound sockets, passed from one worker of a script to its successor. They are looked for among the worker's
 * descriptors, which happens while a script is reloaded and only then: nothing has to be remembered, and a
 * new gate finds them, too. The two workers then share the socket, so nothing that arrives in between is
 * lost.
 */
#include "broker/gate/lend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/gate/private.h"
#include "broker/gate/socket.h"
#include "firecurtain/cleanup.h"

/* Returns whether a connection is what this socket is for. What a server accepts has the server's address. */
static bool lend_is_connection(const struct gate_socket *socket)
{
    struct sockaddr_storage peer;
    socklen_t bytes = sizeof(peer);

    return socket->kind.protocol == POLICY_TCP &&
           getpeername(socket->fd, (struct sockaddr *)&peer, &bytes) == 0;
}

static bool lend_is_at(const struct gate_socket *socket, const struct policy_address *wanted)
{
    struct sockaddr_storage at;
    struct policy_address address;
    socklen_t bytes = sizeof(at);

    return getsockname(socket->fd, (struct sockaddr *)&at, &bytes) == 0 &&
           policy_read_address(&address, &at, bytes) == 0 && address.port == wanted->port &&
           address.scope == wanted->scope && memcmp(address.bytes, wanted->bytes, sizeof(wanted->bytes)) == 0;
}

int gate_lend(struct gate_worker *worker, const struct gate_name *name)
{
    for (uint32_t fd = 0; fd < worker->spec.files; fd++) {
        GATE_SOCKET socket = {.fd = -1};

        if (gate_socket_take(worker, (int)fd, &socket) == 0 && socket.kind.is_ours &&
            socket.kind.family == name->family && socket.kind.protocol == name->protocol &&
            lend_is_at(&socket, &name->address) && !lend_is_connection(&socket))
            return fc_steal_fd(&socket.fd);
    }
    return -EADDRINUSE;
}
