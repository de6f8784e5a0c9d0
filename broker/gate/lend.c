/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bound sockets, passed from one worker of a script to its successor. What was bound is noted by the number
 * that it has in the worker; the socket's cookie says whether that is still the same socket. The two workers
 * then share it, so nothing that arrives in between is lost.
 */
#include "broker/gate/lend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

static uint64_t lend_cookie(int fd)
{
    uint64_t cookie = 0;
    socklen_t bytes = sizeof(cookie);

    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &bytes) < 0 ? 0 : cookie;
}

void gate_note_bound(struct gate *gate, int target, int own, const struct gate_name *name)
{
    struct gate_bound *bound;

    if (!gate->bound)
        gate->bound = calloc(GATE_MAX_BOUND, sizeof(*gate->bound));
    if (!gate->bound)
        return;
    bound = &gate->bound[gate->n_bound % GATE_MAX_BOUND];
    for (size_t i = 0; i < GATE_MAX_BOUND; i++) {
        if (gate->bound[i].cookie && gate->bound[i].target == target)
            bound = &gate->bound[i];
    }
    if (!bound->cookie || bound->target != target)
        gate->n_bound++;
    *bound = (struct gate_bound){.target = target, .cookie = lend_cookie(own), .name = *name};
}

static bool lend_is(const struct gate_bound *bound, const struct gate_name *name)
{
    return bound->cookie && bound->name.family == name->family && bound->name.protocol == name->protocol &&
           bound->name.address.port == name->address.port &&
           bound->name.address.scope == name->address.scope &&
           memcmp(bound->name.address.bytes, name->address.bytes, sizeof(name->address.bytes)) == 0;
}

int gate_lend(struct gate *gate, const struct gate_name *name)
{
    for (size_t i = 0; gate && gate->bound && i < GATE_MAX_BOUND; i++) {
        FC_AUTO_CLOSE int fd = -1;

        if (!lend_is(&gate->bound[i], name))
            continue;
        fd = gate->spec.take(gate->spec.userdata, gate->bound[i].target);
        if (fd >= 0 && lend_cookie(fd) == gate->bound[i].cookie)
            return fc_steal_fd(&fd);
    }
    return -EADDRINUSE;
}
