/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way to the broker: one request at a time, and short messages, which wait when the broker is busy. While
 * a request waits, no other is read, so the clients wait. Clients that have gone are told together, however
 * many they are, and each after its last request. In the desk.
 */
#ifndef BROKER_DESK_OUTBOUND_H
#define BROKER_DESK_OUTBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/desk_messages.h"

#define OUTBOUND_SENT 1024 /* of DESK_SENT, that may wait; the broker has asked for no more */
#define OUTBOUND_GONE                                                                                        \
    16384 /* clients that have gone; the broker has read of no more, for their requests wait */

struct outbound {
    struct link *link;
    struct desk_message request;
    uint8_t bytes[DESK_MAX_ASKED];
    bool has_request;
    struct desk_message list[OUTBOUND_SENT]; /* a ring */
    size_t head;
    size_t n;
    uint64_t gone[OUTBOUND_GONE];
    size_t n_gone;
};

/* Sends a request, or has it wait; there must be none that waits. -EPIPE. */
int outbound_ask(struct outbound *outbound, const struct desk_message *request);

/* Sends DESK_SENT, or has it wait. -EPIPE, -ENOBUFS. */
int outbound_tell_sent(struct outbound *outbound, uint64_t client, uint64_t id);

/* Likewise that a client has gone. */
int outbound_tell_gone(struct outbound *outbound, uint64_t client);

/* Returns whether something waits. */
bool outbound_waits(const struct outbound *outbound);

/* Sends what waits. -EAGAIN if something still does, -EPIPE. */
int outbound_flush(struct outbound *outbound);

#endif
