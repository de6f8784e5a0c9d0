/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of sockets that are more than the script's business: groups and interfaces of the machine, which
 * the policy must cover, and memory of the kernel's. Runs in the gate.
 */
#ifndef BROKER_GATE_OPTIONS_H
#define BROKER_GATE_OPTIONS_H

#include "broker/gate/private.h"

/* setsockopt(), with the options that the filter hands over. */
int gate_setsockopt(struct gate_worker *worker, const struct seccomp_notif *call, int64_t *result);

/*
 * socketpair(): allowed up to a number, since what waits in a pair is memory of the kernel's. The worker
 * makes it itself; none of the arguments is in its memory.
 */
int gate_socketpair(struct gate_worker *worker, const struct seccomp_notif *call, int64_t *result);

/* Returns whether a datagram socket has such options, which another in its place would not have. */
bool gate_has_options(const struct gate_worker *worker, const struct gate_socket *socket);

#endif
