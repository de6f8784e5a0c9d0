/* SPDX-License-Identifier: BSD-2-Clause */
/* What netgate.c (notifications), netgate_calls.c (the network calls) and netgate_socket.c (sockets) share.
 */
#ifndef BROKER_GATE_PRIVATE_H
#define BROKER_GATE_PRIVATE_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/log.h"
#include "broker/base/loop.h"
#include "broker/gate/gate.h"
#include "broker/gate/policy.h"
#include "firecurtain/time.h"

#define NETGATE_CALLS        9
#define NETGATE_MAX_PENDING  32                  /* connections of blocking callers under way */
#define NETGATE_MAX_DATAGRAM 65536               /* bytes that one call may send */
#define NETGATE_MAX_PARTS    64                  /* of a message in parts */
#define NETGATE_MAX_BOUND    64                  /* sockets that a successor can take over */
#define NETGATE_COUNT_NS     (20 * FC_NS_PER_MS) /* from one look at all that a worker has to the next */

/* The answer comes later. */
#define NETGATE_LATER 1

struct netgate_pending {
    struct netgate *gate; /* NULL: free */
    struct loop_source *source;
    uint64_t id;
    int socket; /* the broker's own, connecting */
    int target; /* the descriptor in the worker that it will replace */
};

struct netgate_bound {
    int target;      /* in the worker */
    uint64_t cookie; /* of the socket; 0: free */
    struct netgate_name name;
};

struct netgate {
    struct loop *loop;
    struct loop_source *source;
    struct log_limit log_limit;
    struct log_limit connect_limit;
    struct netgate_spec spec;
    int fd;
    uint64_t cookie;                 /* of the broker's network namespace */
    struct netgate_pending *pending; /* NETGATE_MAX_PENDING, and */
    struct netgate_bound *bound;     /* a ring of NETGATE_MAX_BOUND; NULL: never needed */
    size_t n_bound;
    uint64_t n_open; /* sockets in the worker at most, but for those that it has accepted */
    uint64_t counted_ns;
    bool is_waiting; /* in the line of those with a call */
    struct netgate *next;
};

/* What is known of a socket that a call is about. */
struct netgate_socket {
    int fd; /* a duplicate of the worker's; owned */
    int family;
    int type;
    enum policy_protocol protocol;
    bool is_ours; /* made by the broker, in its namespace */
    bool is_nonblocking;
};

/*
 * A network call: fills in *result (what the caller gets) and returns 0, NETGATE_LATER, or a negative errno
 * for the caller. Never blocks.
 */
typedef int (*netgate_call_fn)(struct netgate *gate, const struct seccomp_notif *call, int64_t *result);

/* netgate_calls.c: the calls that are served. */
extern const struct netgate_call {
    const char *name;
    netgate_call_fn handle;
} netgate_calls[NETGATE_CALLS];

/* Closes what is under way. */
void netgate_drop_pending(struct netgate *gate);

void netgate_answer(struct netgate *gate, uint64_t id, int error, int64_t result);

/* Whether the caller still waits; what was read of its memory before is its own then. */
bool netgate_is_valid(const struct netgate *gate, uint64_t id);

/* Copies from the worker's memory; -EFAULT. */
int netgate_read(const struct netgate *gate, const struct seccomp_notif *call, uint64_t address, void *bytes,
                 size_t n_bytes);

/* Logs what was refused, at a bounded rate. */
void netgate_log(struct netgate *gate, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * netgate_lend.c: the worker's descriptor `target` is the bound socket `own` from now on. Out of memory, a
 * successor will not find it.
 */
void netgate_note_bound(struct netgate *gate, int target, int own, const struct netgate_name *name);

/* netgate_socket.c */

/* Looks at the socket `fd` of the worker. -ENOTSOCK, -EOPNOTSUPP for a kind that the gate does not serve. */
int netgate_socket_take(struct netgate *gate, int fd, struct netgate_socket *socket);
void netgate_socket_deinit(struct netgate_socket *socket);

/* The broker's own socket of the same kind with the same harmless options, non-blocking; or -errno, -EMFILE
 * above the option connections. */
int netgate_socket_twin(struct netgate *gate, const struct netgate_socket *socket);

/* Puts `own` in place of the worker's descriptor `target`. Closes nothing. */
int netgate_socket_place(struct netgate *gate, uint64_t id, int own, int target, bool nonblocking);

/* The cookie of a socket's network namespace, 0 if the kernel does not tell. */
uint64_t netgate_cookie(int fd);

#endif
