/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the broker and a gate tell each other: one message per send over a SOCK_SEQPACKET pair, with
 * descriptors attached. Both are of the same build, so these are plain structures. Each side checks what it
 * gets all the same: a gate handles hostile memory, and the broker must survive what becomes of it.
 */
#ifndef BROKER_GATE_MESSAGE_H
#define BROKER_GATE_MESSAGE_H

#include <stdint.h>

#include "broker/gate/policy.h"
#include "broker/gate/worker.h"

#define GATE_MAX_RULES 2048 /* of a policy, with those that names were resolved to */
#define GATE_MAX_ARMED 256  /* descriptors of a worker that the broker polls */

/* Requests of the broker. */
enum gate_request_kind {
    GATE_ADD,       /* a worker, with GATE_DESCRIPTORS_ descriptors and rules; see struct gate_add */
    GATE_REMOVE,    /* the worker has ended */
    GATE_INTERRUPT, /* its callers that wait for connections get EINTR */
    GATE_WATCH,     /* the broker polls what the worker has as `fd`; it has a duplicate of `cookie` */
    GATE_KNOWN, /* the broker has told of all workers that there are: a new gate forgets the others' calls */
    GATE_REQUESTS_,
};

struct gate_request {
    uint32_t kind; /* enum gate_request_kind */
    int32_t fd;
    uint64_t id;     /* of the worker: the broker's choice, not 0, and never used again */
    uint64_t cookie; /* SO_COOKIE; 0: of nothing */
};

/* A rule that is not for a name. */
struct gate_rule {
    uint8_t use;       /* enum policy_use */
    uint8_t protocols; /* enum policy_protocol, or-ed */
    uint8_t prefix;
    uint8_t only_v6; /* covers no IPv4 address */
    uint8_t bytes[16];
    uint16_t first_port;
    uint16_t last_port;
};

struct gate_add {
    struct gate_request head;
    uint64_t connections;
    uint64_t state_bytes;
    uint64_t state_device;
    uint32_t files;
    uint32_t log_rate;
    uint32_t n_rules;
    char instance[256];
    char state_folder[4096];                /* as the worker sees it; "": none */
    struct gate_rule rules[GATE_MAX_RULES]; /* only `n_rules` of them are sent */
};

/* The descriptors of GATE_ADD, in this order. */
enum gate_descriptor {
    GATE_LISTENER,
    GATE_MEMORY,
    GATE_MAPS,
    GATE_PIDFD,
    GATE_DESCRIPTORS_,
};

/* What a gate tells the broker. */
enum gate_notice_kind {
    GATE_PLACED,  /* a duplicate of what the worker has as `fd`, attached; or why there is none, `error` */
    GATE_LOG,     /* `text`, a line about refused calls */
    GATE_FAILED,  /* the worker cannot be served: `error` */
    GATE_OFFENDS, /* the worker has made the gate wait for `waited_ns` lately, and is not served any more */
    GATE_DELETED, /* files that the worker has deleted and still holds have `bytes`, more than it may */
    GATE_NOTICES_,
};

struct gate_notice {
    uint32_t kind; /* enum gate_notice_kind */
    int32_t fd;
    int32_t error; /* -errno, or 0 */
    uint64_t id;
    uint64_t waited_ns;
    uint64_t bytes;
    char text[GATE_MAX_TEXT];
};

/* Returns how many bytes a GATE_ADD has. */
size_t gate_add_bytes(const struct gate_add *add);

/* Returns whether a message of so many bytes with so many descriptors is a sound request. */
bool gate_request_is_sound(const struct gate_add *request, size_t bytes, size_t n_descriptors);

/* Returns whether the notice is sound. */
bool gate_notice_is_sound(const struct gate_notice *notice, size_t bytes, size_t n_descriptors);

/* Writes the rules that allow something. 0, or -E2BIG if there are more than GATE_MAX_RULES. */
int gate_write_rules(struct gate_add *add, const struct policy *policy);

/* Makes a policy of a sound request's rules. 0 or -ENOMEM. */
int gate_read_rules(struct policy *policy, const struct gate_add *add);

#endif
