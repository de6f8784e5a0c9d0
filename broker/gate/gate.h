/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate: carries out system calls for workers (a system call supervisor). A worker's filter hands some of
 * its calls to the broker. Network calls are decided by the instance's policy (policy.h) and carried out on
 * the broker's own sockets; every other call is an attack. Refused calls are in the log, with the instance
 * and the arguments. The kernel keeps the caller waiting until it is answered.
 *
 * Runs in the broker's main process. Knows neither configurations nor shows; workers only as a memory and
 * descriptors that callbacks hand out.
 */
#ifndef BROKER_GATE_GATE_H
#define BROKER_GATE_GATE_H

#include <stdint.h>

#include "broker/gate/policy.h"

struct gate;
struct loop;

/* The address that a socket is bound to. */
struct gate_name {
    int family;
    enum policy_protocol protocol;
    struct policy_address address;
};

struct gate_spec {
    const char *instance; /* borrowed, as the policy */
    const struct policy *policy;
    int memory; /* of the worker, for pread(); borrowed */
    /* returns a duplicate of the worker's descriptor, the gate's from then on; or -errno */
    int (*take)(void *userdata, int fd);
    /* called when the worker's descriptor `fd` is another socket now: any duplicate of it is out of date */
    void (*placed)(void *userdata, int fd);
    /* optional: returns a socket with this name that another worker of the same script has, the gate's;
     * -errno */
    int (*borrow)(void *userdata, const struct gate_name *name);
    /* returns how many descriptors of sockets of this network the worker has, or -errno; with `connections`
     */
    int (*count)(void *userdata);
    uint64_t connections; /* most sockets that are put in place; 0: no limit */
    void *userdata;
};

/* Takes over `fd`, a seccomp notification descriptor of the worker. 0, -EBADF if it is none, or -errno. */
int gate_new(struct gate **gate, struct loop *loop, const struct gate_spec *spec, int fd);

/* Frees a gate. Callers that still wait get ENOSYS from the kernel. Takes NULL; returns NULL. */
struct gate *gate_free(struct gate *gate);

#endif
