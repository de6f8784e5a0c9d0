/* SPDX-License-Identifier: BSD-2-Clause */
/* Holds the table of legal messages. */
#include "proto/order.h"

#define IN(state) (1u << (state))

static const unsigned order_table[MESSAGE_TYPES_] = {
    [MESSAGE_HELLO] = IN(ORDER_CONNECTING),
    [MESSAGE_LOCKED] = IN(ORDER_LOCKING),
    [MESSAGE_READY] = IN(ORDER_IMPORTING),
    [MESSAGE_FAILED] = IN(ORDER_IMPORTING),
    /* also while importing and when idle: other threads of the script send too */
    [MESSAGE_REPORT] = IN(ORDER_IMPORTING) | IN(ORDER_IDLE) | IN(ORDER_BUSY) | IN(ORDER_STOPPING),
    [MESSAGE_STOPPED] = IN(ORDER_STOPPING),
};

static const char *const order_state_names[ORDER_STATES_] = {
    [ORDER_CONNECTING] = "connecting",
    [ORDER_LOCKING] = "locking",
    [ORDER_IMPORTING] = "importing",
    [ORDER_IDLE] = "idle",
    [ORDER_BUSY] = "busy",
    [ORDER_STOPPING] = "stopping",
    [ORDER_CLOSED] = "closed",
};

const char *order_state_name(enum order_state state)
{
    return state < ORDER_STATES_ ? order_state_names[state] : "unknown";
}

bool order_legal(enum order_state state, enum message_type type)
{
    return type < MESSAGE_TYPES_ && (order_table[type] & IN(state));
}
