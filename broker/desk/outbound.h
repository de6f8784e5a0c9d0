/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way to the broker: one request at a time, and short messages, which wait when the broker is busy. While
 * a request waits, no other is read, so the clients wait. In the desk.
 */
#ifndef BROKER_DESK_OUTBOUND_H
#define BROKER_DESK_OUTBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/desk_messages.h"

#define OUTBOUND_SHORT 1024 /* messages that may wait; the broker has asked for no more */

struct outbound {
    struct link *link;
    struct desk_message request;
    uint8_t bytes[DESK_MAX_ASKED];
    bool has_request;
    struct desk_message list[OUTBOUND_SHORT]; /* a ring */
    size_t head;
    size_t n;
};

/* Sends a request, or has it wait; there must be none that waits. -EPIPE. */
int outbound_ask(struct outbound *outbound, const struct desk_message *request);

/* Sends a message without bytes, or has it wait. -EPIPE, -ENOBUFS. */
int outbound_tell(struct outbound *outbound, const struct desk_message *message);

/* Sends what waits. -EAGAIN if something still does, -EPIPE. */
int outbound_flush(struct outbound *outbound);

#endif
