/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which message from a worker is legal now: a table of message × state, so that the order of the protocol is
 * data. docs/protocol.md tells the same in prose.
 */
#ifndef PROTO_ORDER_H
#define PROTO_ORDER_H

#include <stdbool.h>

#include "proto/codec.h"

/* What the broker awaits from a worker. */
enum order_state {
    ORDER_CONNECTING, /* the link is bound; hello must come */
    ORDER_LOCKING,    /* setup was sent; locked must come */
    ORDER_IMPORTING,  /* proceed was sent; the modules are being imported */
    ORDER_IDLE,       /* the script waits for events */
    ORDER_BUSY,       /* a batch was sent and is not done */
    ORDER_STOPPING,   /* stop was sent */
    ORDER_CLOSED,     /* nothing is legal any more */
    ORDER_STATES_,
};

const char *order_state_name(enum order_state state);

bool order_legal(enum order_state state, enum message_type type);

#endif
