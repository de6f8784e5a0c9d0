/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who has just sent a datagram to a server of a script, that is, to a socket which is bound where an option
 * "listen" allows it: the script may answer from that socket, without an option "connect".
 *
 * The worker receives by itself, so it asks for a look at the first datagram in line before it takes it
 * (worker/libc/peers.c). The gate sees the sender in the kernel's queue; the worker's word counts for
 * nothing.
 */
#ifndef BROKER_GATE_PEERS_H
#define BROKER_GATE_PEERS_H

#include <stdbool.h>

#include "broker/gate/private.h"

#define GATE_PEERS   64                 /* of a worker; the one that was heard longest ago gives way */
#define GATE_PEER_NS (60 * FC_NS_PER_S) /* for so long it may be answered */

struct gate_peer {
    uint64_t cookie; /* of the socket; 0: free */
    struct policy_address address;
    uint64_t heard_ns;
};

/* Notes the sender of the first datagram that waits at a socket of the worker, if that is a server. */
void gate_peers_note(struct gate_worker *worker, const struct gate_socket *socket);

/* Whether the script may send to the address from this socket, since it has heard from there on it. */
bool gate_peers_may_answer(const struct gate_worker *worker, const struct gate_socket *socket,
                           const struct policy_address *address);

#endif
