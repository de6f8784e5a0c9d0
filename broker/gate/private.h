/* SPDX-License-Identifier: BSD-2-Clause */
/* What netgate.c (notifications), gate_calls.c (the network calls) and gate_socket.c (sockets) share.
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

#define GATE_CALLS        9
#define GATE_MAX_PENDING  32                  /* connections of blocking callers under way */
#define GATE_MAX_DATAGRAM 65536               /* bytes that one call may send */
#define GATE_MAX_PARTS    64                  /* of a message in parts */
#define GATE_MAX_BOUND    64                  /* sockets that a successor can take over */
#define GATE_COUNT_NS     (20 * FC_NS_PER_MS) /* from one look at all that a worker has to the next */

/* The answer comes later. */
#define GATE_LATER 1

struct gate_pending {
    struct gate *gate; /* NULL: free */
    struct loop_source *source;
    uint64_t id;
    int socket; /* the broker's own, connecting */
    int target; /* the descriptor in the worker that it will replace */
};

struct gate_bound {
    int target;      /* in the worker */
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
    uint64_t cookie;              /* of the broker's network namespace */
    struct gate_pending *pending; /* GATE_MAX_PENDING, and */
    struct gate_bound *bound;     /* a ring of GATE_MAX_BOUND; NULL: never needed */
    size_t n_bound;
    uint64_t n_open; /* sockets in the worker at most, but for those that it has accepted */
    uint64_t counted_ns;
    bool is_waiting; /* in the line of those with a call */
    struct gate *next;
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
 * A network call: fills in *result (what the caller gets) and returns 0, GATE_LATER, or a negative errno
 * for the caller. Never blocks.
 */
typedef int (*gate_call_fn)(struct gate *gate, const struct seccomp_notif *call, int64_t *result);

/* gate_calls.c: the calls that are served. */
extern const struct gate_call {
    const char *name;
    gate_call_fn handle;
} gate_calls[GATE_CALLS];

/* Closes what is under way. */
void gate_drop_pending(struct gate *gate);

void gate_answer(struct gate *gate, uint64_t id, int error, int64_t result);

/* Whether the caller still waits; what was read of its memory before is its own then. */
bool gate_is_valid(const struct gate *gate, uint64_t id);

/* Copies from the worker's memory; -EFAULT. */
int gate_read(const struct gate *gate, const struct seccomp_notif *call, uint64_t address, void *bytes,
              size_t n_bytes);

/* Logs what was refused, at a bounded rate. */
void gate_log(struct gate *gate, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * gate_lend.c: the worker's descriptor `target` is the bound socket `own` from now on. Out of memory, a
 * successor will not find it.
 */
void gate_note_bound(struct gate *gate, int target, int own, const struct gate_name *name);

/* gate_socket.c */

/* Looks at the socket `fd` of the worker. -ENOTSOCK, -EOPNOTSUPP for a kind that the gate does not serve. */
int gate_socket_take(struct gate *gate, int fd, struct gate_socket *socket);
void gate_socket_deinit(struct gate_socket *socket);

/* The broker's own socket of the same kind with the same harmless options, non-blocking; or -errno, -EMFILE
 * above the option connections. */
int gate_socket_twin(struct gate *gate, const struct gate_socket *socket);

/* Puts `own` in place of the worker's descriptor `target`. Closes nothing. */
int gate_socket_place(struct gate *gate, uint64_t id, int own, int target, bool nonblocking);

/* The cookie of a socket's network namespace, 0 if the kernel does not tell. */
uint64_t gate_cookie(int fd);

#endif
