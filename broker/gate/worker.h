/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One worker as its gate sees it. The worker's filter hands some of its system calls to the gate. Network
 * calls are decided by the instance's policy (policy.h) and carried out on the gate's own sockets; every
 * other call is an attack. Refused calls are reported with their arguments. The kernel keeps the caller
 * waiting until it is answered.
 *
 * Runs in the gate. Knows of the worker a memory, a pidfd and a notification descriptor, and nothing of the
 * broker: struct gate_ops is its only way out.
 */
#ifndef BROKER_GATE_WORKER_H
#define BROKER_GATE_WORKER_H

#include <stdint.h>

#include "broker/gate/policy.h"

#define GATE_MAX_TEXT    512  /* bytes of a line for the log */
#define GATE_MAX_DELETED 1024 /* deleted files that a worker may hold; more count as too many bytes */

struct flight;
struct flight_call;
struct gate_worker;
struct loop;

/* The address that a socket is bound to. */
struct gate_name {
    int family;
    enum policy_protocol protocol;
    struct policy_address address;
};

struct gate_ops {
    /* Logs a line of less than GATE_MAX_TEXT bytes about refused calls, at a limited rate. */
    void (*log)(void *userdata, const char *text);
    /* The worker's descriptor `fd` is another socket now: any duplicate of it is out of date. */
    void (*placed)(void *userdata, int fd);
    /* Returns a socket with this name that an earlier worker of the same script has, for the caller to close;
     * or -errno. May be NULL. */
    int (*borrow)(void *userdata, const struct gate_name *name);
    /* The worker has made the gate wait, for `waited_ns` lately; it is not served any more. */
    void (*offends)(void *userdata, uint64_t waited_ns);
    /* Files that the worker has deleted and still holds have more than `state_bytes`; UINT64_MAX: that cannot
     * be told. Told again while so. */
    void (*deleted)(void *userdata, uint64_t bytes);
};

struct gate_spec {
    const struct policy *policy; /* borrowed */
    struct loop *loop;
    struct flight *flight;
    unsigned *n_served;       /* calls in this turn of the loop: counted here, and reset by its owner */
    uint64_t id;              /* in `flight` */
    int memory;               /* for pread(); borrowed */
    int maps;                 /* the same: the list of its mappings */
    int pidfd;                /* borrowed */
    uint64_t state_bytes;     /* most of deleted files that it still holds */
    uint64_t state_device;    /* of the private folder; 0: none */
    const char *state_folder; /* borrowed: its path, as the worker sees it; NULL: it has none */
    uint32_t files;           /* numbers of the worker's descriptors are below this */
    uint64_t connections;     /* most sockets that are put in place; 0: no limit */
    uint32_t log_rate;        /* lines a second, at most; 0: as many as the gate writes anyway */
    const struct gate_ops *ops;
    void *userdata;
};

/* Takes over `fd`, a seccomp notification descriptor of the worker. 0, -EBADF if it is none, or -errno. */
int gate_worker_new(struct gate_worker **worker, const struct gate_spec *spec, int fd);

/* Ends serving a worker. Callers that still wait go on waiting. Takes NULL; returns NULL. */
struct gate_worker *gate_worker_free(struct gate_worker *worker);

/* Carries out a call that an earlier gate left behind, unless its caller has given up. Frees the entry. */
void gate_worker_resume(struct gate_worker *worker, struct flight_call *left);

#endif
