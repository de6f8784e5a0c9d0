/* SPDX-License-Identifier: BSD-2-Clause */
/* Sending messages to a worker. Only for this folder. */
#ifndef BROKER_GUEST_SEND_H
#define BROKER_GUEST_SEND_H

#include "proto/codec.h"

struct guest;

/*
 * Sends a message, as soon as there is room for it; to a worker whose end of the link is closed, nothing. 0
 * or -errno: the message is too large, or there is no memory.
 */
int guest_send_message(struct guest *guest, const struct message *message);

/* The same; if it fails, the guest is killed. */
void guest_send_or_end(struct guest *guest, const struct message *message);

/* Sends what had to wait: the worker has made room. */
void guest_send_rest(struct guest *guest);

#endif
