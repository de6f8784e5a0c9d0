/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges addresses by the instance's policy, and logs what was refused. */
#include "broker/gate/judge.h"

#include <errno.h>
#include <string.h>

#include "broker/gate/notification.h"
#include "broker/gate/peers.h"

/* Allows what is refused by the policy if it is an answer to somebody who has just sent a datagram. */
static int gate_judge_answer(const struct gate_worker *worker, const struct gate_socket *socket,
                             const char *call, struct policy_target *target)
{
    int r;

    if (strcmp(call, GATE_SEND) != 0 || !gate_peers_may_answer(worker, socket, &target->address))
        return -EACCES;
    r = policy_write_address(&target->address, socket->kind.family, &target->sockaddr);
    if (r < 0)
        return r;
    target->n_bytes = (socklen_t)r;
    return 0;
}

int gate_judge(struct gate_worker *worker, enum policy_use use, const struct gate_socket *socket,
               const void *sockaddr, size_t bytes, const char *call, struct policy_target *target)
{
    const char *option = use == POLICY_CONNECT ? "connect" : "listen";
    const char *name = socket->kind.protocol == POLICY_TCP ? "tcp" : "udp";
    char text[80];
    int r = policy_judge(worker->spec.policy, use, socket->kind.protocol, socket->kind.family, sockaddr,
                         bytes, target);

    if (r == -EACCES)
        r = gate_judge_answer(worker, socket, call, target);
    if (r != -EACCES)
        return r;
    policy_format_address(&target->address, text, sizeof(text));
    gate_log(worker, "%s() to %s %s; \"%s = %s:%s\" would allow it", call, name, text, option, name, text);
    return -EACCES;
}

int gate_judge_copy(struct gate_worker *worker, const struct seccomp_notif *call, enum policy_use use,
                    const struct gate_socket *socket, uint64_t at, uint64_t bytes, const char *name,
                    struct policy_target *target)
{
    struct sockaddr_storage copy;
    int r;

    if (bytes > sizeof(copy))
        return -EINVAL;
    r = gate_read(worker, call, at, &copy, (size_t)bytes);
    return r < 0 ? r : gate_judge(worker, use, socket, &copy, (size_t)bytes, name, target);
}
