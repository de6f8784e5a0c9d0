/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets that calls are about: looked at, copied by one of the gate's own, and replaced. Runs in the gate.
 */
#ifndef BROKER_GATE_SOCKET_H
#define BROKER_GATE_SOCKET_H

#include "broker/gate/private.h"
#include "firecurtain/cleanup.h"

#define GATE_SOCKET FC_CLEANUP(gate_socket_deinit) struct gate_socket

/* Returns a duplicate of the worker's descriptor, for the caller to close; or -errno. */
int gate_take(const struct gate_worker *worker, int fd);

/* Looks at the worker's socket `fd`, unless that is the one of its last call. 0, -ENOTSOCK, -EOPNOTSUPP for a
 * kind that the gate does not serve. */
int gate_socket_take(struct gate_worker *worker, int fd, struct gate_socket *socket);

/* Returns whether the script has made it non-blocking. */
bool gate_socket_is_nonblocking(const struct gate_socket *socket);

void gate_socket_deinit(struct gate_socket *socket);

/*
 * Makes a socket of the gate's own of the same kind with the same harmless options, non-blocking. It, or
 * -errno; -EMFILE above the option connections.
 */
int gate_socket_twin(struct gate_worker *worker, const struct gate_socket *socket);

/* Puts `own` in place of the worker's descriptor `target`. Closes nothing. 0 or -errno. */
int gate_socket_place(struct gate_worker *worker, uint64_t id, int own, int target, bool nonblocking);

/*
 * Puts a socket of the gate's own in place of a datagram socket that is the worker's; `socket->fd` is then
 * a duplicate of the new one. 0 or -errno.
 */
int gate_socket_adopt_udp(struct gate_worker *worker, const struct seccomp_notif *call,
                          struct gate_socket *socket);

#endif
