/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker at its gate, and the sockets that its calls are about; for the files of this folder. */
#ifndef BROKER_GATE_PRIVATE_H
#define BROKER_GATE_PRIVATE_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/log.h"
#include "broker/base/loop.h"
#include "broker/gate/charge.h"
#include "broker/gate/worker.h"
#include "firecurtain/time.h"

#define GATE_MAX_PENDING  32                  /* connections being made for blocking callers */
#define GATE_MAX_DATAGRAM 65536               /* bytes that one call may send */
#define GATE_MAX_PARTS    64                  /* of a message in parts */
#define GATE_COUNT_NS     (20 * FC_NS_PER_MS) /* from one count of a worker's sockets to the next */

#define GATE_WITH_OPTIONS  16   /* sockets of a worker with options that are remembered */
#define GATE_MAX_PAIR_ENDS 128u /* unix sockets of a worker; each may have 208 KiB waiting */

/* A call's answer comes later. */
#define GATE_LATER 1

/* The kernel carries it out, for the worker: only for calls that are not judged by what is in memory. */
#define GATE_CONTINUE 2

/* A connection being made for a blocking caller. */
struct gate_pending {
    struct gate_worker *worker; /* NULL: free */
    struct flight_call *flight; /* its entry there */
    struct loop_source *source;
    uint64_t id;
    int socket; /* the gate's own, connecting */
    int target; /* the descriptor in the worker that it will replace */
};

/* What never changes in a socket. */
struct gate_kind {
    uint64_t cookie; /* of the socket; 0: nothing is known */
    int family;
    int type;
    enum policy_protocol protocol;
    bool is_ours; /* made by the gate, in its namespace */
};

struct gate_worker {
    struct gate_spec spec;
    struct gate_charge charge;
    struct loop_source *source;
    struct log_limit log_limit;
    struct rate connect_rate;
    int fd;
    uint64_t cookie;              /* of the gate's network */
    struct gate_pending *pending; /* GATE_MAX_PENDING of them; NULL: never needed */
    uint64_t n_open;              /* most sockets in the worker, without those that it has accepted */
    uint64_t counted_ns;          /* when they were counted; 0: never */
    bool is_barred;               /* has made the gate wait, and is about to end */
    struct gate_kind last;        /* of the socket of its last call */
    uint64_t with_options[GATE_WITH_OPTIONS]; /* cookies of sockets with options of options.h; 0: none */
    size_t n_options;                         /* that were ever remembered */
    struct timer deleted;                     /* looks at deleted files, see deleted.h */
    uint64_t deleted_bytes;                   /* that they had at the last look */
    uint64_t deleted_rest_ns;                 /* between two looks */
    uint64_t deleted_may_ns;                  /* not before that, whatever it does */
    uint64_t n_pair_ends;                     /* most unix sockets that it has */
    struct gate_peer *peers;                  /* GATE_PEERS of them (peers.h); NULL: nobody was heard */
};

/* What is known of a socket that a call is about. */
struct gate_socket {
    int fd; /* a duplicate of the worker's; owned */
    struct gate_kind kind;
};

/*
 * Carries out a call: fills in *result, which the caller gets, and returns 0; GATE_LATER; GATE_CONTINUE; or
 * -errno for the caller. Never blocks but for the worker's own memory.
 */
typedef int (*gate_call_fn)(struct gate_worker *worker, const struct seccomp_notif *call, int64_t *result);

#endif
