/* SPDX-License-Identifier: BSD-2-Clause */
/* A gate, and the sockets that its calls are about. */
#ifndef BROKER_GATE_PRIVATE_H
#define BROKER_GATE_PRIVATE_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/log.h"
#include "broker/base/loop.h"
#include "broker/gate/gate.h"
#include "firecurtain/time.h"

#define GATE_MAX_PENDING  32                  /* connections being made for blocking callers */
#define GATE_MAX_DATAGRAM 65536               /* bytes that one call may send */
#define GATE_MAX_PARTS    64                  /* of a message in parts */
#define GATE_MAX_BOUND    64                  /* sockets that a successor can take over */
#define GATE_COUNT_NS     (20 * FC_NS_PER_MS) /* from one count of a worker's sockets to the next */

/* A call's answer comes later. */
#define GATE_LATER 1

/* A connection being made for a blocking caller. */
struct gate_pending {
    struct gate *gate; /* NULL: free */
    struct loop_source *source;
    uint64_t id;
    int socket; /* the broker's own, connecting */
    int target; /* the descriptor in the worker that it will replace */
};

/* A bound socket in the worker. */
struct gate_bound {
    int target;
    uint64_t cookie; /* of the socket; 0: free */
    struct gate_name name;
};

struct gate {
    struct loop *loop;
    struct loop_source *source;
    struct log_limit log_limit;
    struct log_limit connect_limit;
    struct gate_spec spec;
    int fd;
    uint64_t cookie;              /* of the broker's network */
    struct gate_pending *pending; /* GATE_MAX_PENDING of them; NULL: never needed */
    struct gate_bound *bound;     /* a ring of GATE_MAX_BOUND; NULL: never needed */
    size_t n_bound;
    uint64_t n_open;     /* most sockets in the worker, without those that it has accepted */
    uint64_t counted_ns; /* when they were counted; 0: never */
    bool is_waiting;     /* in the line of gates that have a call */
    struct gate *next;   /* in that line */
};

/* What is known of a socket that a call is about. */
struct gate_socket {
    int fd; /* a duplicate of the worker's; owned */
    int family;
    int type;
    enum policy_protocol protocol;
    bool is_ours; /* made by the broker, in its namespace */
    bool is_nonblocking;
};

/*
 * Carries out a call: fills in *result, which the caller gets, and returns 0; GATE_LATER; or -errno for the
 * caller. Never blocks.
 */
typedef int (*gate_call_fn)(struct gate *gate, const struct seccomp_notif *call, int64_t *result);

#endif
