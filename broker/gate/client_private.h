/* SPDX-License-Identifier: BSD-2-Clause */
/* The broker's side of a gate and of its workers, for client.c, tell.c and link.c. */
#ifndef BROKER_GATE_CLIENT_PRIVATE_H
#define BROKER_GATE_CLIENT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/base/hash.h"
#include "broker/base/log.h"
#include "broker/base/loop.h"
#include "broker/gate/client.h"
#include "broker/gate/link.h"

/* One of the worker's descriptors that the broker polls. */
struct client_watch {
    int fd;
    uint64_t cookie;
    bool is_told;
};

struct gate_link {
    uint64_t id;
    struct gate_client *client;
    struct gate_link_spec spec;
    const struct gate_link_ops *ops; /* NULL: the worker has ended, and the gate is to be told */
    void *userdata;
    int listener;
    bool is_told; /* the gate knows the worker */
    bool is_interrupted;
    bool is_untold;               /* in the list of links about which there is something to tell */
    struct client_watch *watches; /* GATE_MAX_ARMED of them; NULL: never needed */
    size_t n_watches;
    struct gate_link *next_untold;
    UT_hash_handle hh;
};

struct gate_client {
    struct gate_client_spec spec;
    int socket; /* -1: there is no gate at present */
    int flight;
    struct loop_source *source;
    bool is_full;      /* the socket has no room, and its source waits for that */
    bool is_known_due; /* the gate has not been told that it knows all workers */
    struct timer retry;
    uint64_t retry_ns;
    uint64_t started_ns;
    uint64_t last_id;
    struct gate_link *links; /* hash */
    struct gate_link *untold;
    struct gate_link **last_untold;
};

#endif
