/* SPDX-License-Identifier: BSD-2-Clause */
/* Sending messages to a worker. Only for this folder. */
#ifndef BROKER_GUEST_SEND_H
#define BROKER_GUEST_SEND_H

#include "proto/codec.h"

struct guest;

/* Sends a message, as child_link_send() does. */
int guest_send_message(struct guest *guest, const struct message *message);

/* The same; if it fails, the guest is killed. */
void guest_send_or_end(struct guest *guest, const struct message *message);

/* Sends what had to wait: the worker has made room. */
void guest_send_rest(struct guest *guest);

#endif
