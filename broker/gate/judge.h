/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a worker's policy allows an address. Judges a copy of the address, and what was judged is what is
 * used: the worker's own memory may change at any time.
 */
#ifndef BROKER_GATE_JUDGE_H
#define BROKER_GATE_JUDGE_H

#include "broker/gate/private.h"

/* The calls that send a datagram, to which answers to peers are allowed (peers.h). */
#define GATE_SEND "send"

/*
 * Judges an address as policy_judge() does. Logs a refused one, with the option that would allow it; `call`
 * is the system call's name, or GATE_SEND.
 */
int gate_judge(struct gate_worker *worker, enum policy_use use, const struct gate_socket *socket,
               const void *sockaddr, size_t bytes, const char *call, struct policy_target *target);

/* Judges the address at `at` in the caller's memory; also -EINVAL, -EFAULT and -ESRCH. */
int gate_judge_copy(struct gate_worker *worker, const struct seccomp_notif *call, enum policy_use use,
                    const struct gate_socket *socket, uint64_t at, uint64_t bytes, const char *name,
                    struct policy_target *target);

#endif
