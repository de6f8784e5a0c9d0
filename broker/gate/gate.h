/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate: system calls of a worker that its filter hands to the broker. Network calls are decided by the
 * instance's policy and carried out on the broker's own sockets; everything else is an attack. What is
 * refused is in the log, with the instance and what it tried. The kernel keeps the caller waiting until it is
 * answered.
 */
#ifndef BROKER_GATE_GATE_H
#define BROKER_GATE_GATE_H

#include <linux/seccomp.h>

#include "broker/gate/policy.h"

struct loop;
struct gate;

/* What a socket is bound to. */
struct gate_name {
    int family;
    enum policy_protocol protocol;
    struct policy_address address;
};

struct gate_spec {
    const char *instance; /* these are borrowed */
    const struct policy *policy;
    int memory; /* of the worker, for pread() */
    /* a duplicate of the worker's descriptor, the gate's from then on; or -errno */
    int (*take)(void *userdata, int fd);
    /* the worker's descriptor `fd` is another socket now: whoever has a duplicate needs a new one */
    void (*placed)(void *userdata, int fd);
    /* optional: a socket with this name that another worker of the same script has, the gate's; or -errno */
    int (*borrow)(void *userdata, const struct gate_name *name);
    /* with `connections`: how many descriptors of sockets of this network the worker has; or -errno */
    int (*count)(void *userdata);
    uint64_t connections; /* no more than that are put in place; 0: no limit */
    void *userdata;
};

/* Takes over `fd`, a seccomp notification descriptor of the worker. -EBADF if it is none, or -errno. */
int gate_new(struct gate **gate, struct loop *loop, const struct gate_spec *spec, int fd);

/* A duplicate of the socket that the worker has bound there, the caller's; or -EADDRINUSE. NULL is fine. */
int gate_lend(struct gate *gate, const struct gate_name *name);

/* Callers that wait get EINTR: a signal is coming. NULL is fine. */
void gate_interrupt(struct gate *gate);

/* Callers that still wait get ENOSYS from the kernel. Takes NULL; returns NULL. */
struct gate *gate_free(struct gate *gate);

#endif
