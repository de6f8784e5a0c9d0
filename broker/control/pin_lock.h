/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PINs of links to the console, for tablets that several people use: until its PIN is entered, and again when
 * nothing has been changed for ten minutes, a browser may only look. Hashes come from the desk, and are
 * compared here. In the broker.
 */
#ifndef BROKER_CONTROL_PIN_LOCK_H
#define BROKER_CONTROL_PIN_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/control/tokens.h"

struct control;
struct control_call;
struct control_reply;
struct control_request;

/* Returns whether a token has a PIN that has to be entered. */
bool pin_lock_is_shut(const struct token *token, uint64_t now_ns);

/* Keeps the browser of a call that changes something unlocked, if it is. */
void pin_lock_prolong(struct control *control, const struct control_call *call);

/* Sets the PIN of a new link. False, with the answer in `reply`, if that cannot be. */
bool pin_lock_set(const struct control_request *request, struct token *token, struct control_reply *reply);

/* The verbs unlock and lock. */
bool control_lock(struct control *control, const struct control_call *call,
                  const struct control_request *request, struct control_reply *reply);

#endif
