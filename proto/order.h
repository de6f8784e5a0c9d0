/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which messages from a worker are legal in which state: the order of the protocol as a table.
 * docs/protocol.md describes it in prose.
 */
#ifndef PROTO_ORDER_H
#define PROTO_ORDER_H

#include <stdbool.h>

#include "proto/codec.h"

/* What the broker expects from a worker. */
enum order_state {
    ORDER_CONNECTING, /* the link is open; hello must follow */
    ORDER_LOCKING,    /* setup was sent; locked must follow */
    ORDER_IMPORTING,  /* proceed was sent; the modules are being imported */
    ORDER_IDLE,       /* the script waits for events */
    ORDER_BUSY,       /* a batch was sent and is not done */
    ORDER_STOPPING,   /* stop was sent, or failed has come */
    ORDER_CLOSED,     /* no message is legal */
    ORDER_STATES_,
};

/* Returns the name of a state for the log, such as "idle". */
const char *order_state_name(enum order_state state);

/* Tells whether a worker in this state may send this message. */
bool order_legal(enum order_state state, enum message_type type);

#endif
