/* SPDX-License-Identifier: BSD-2-Clause */
/* Sending messages to a worker, and what its link is polled for. Only for this folder. */
#ifndef BROKER_GUEST_SEND_H
#define BROKER_GUEST_SEND_H

#include <stdint.h>

#include "proto/codec.h"

struct guest;

/*
 * Sends a message, as soon as there is room for it; to a worker whose end of the link is closed, nothing. 0
 * or -errno: the message is too large, or there is no memory.
 */
int guest_send_message(struct guest *guest, const struct message *message);

/* The same; if it fails, the guest is killed. */
void guest_send_or_end(struct guest *guest, const struct message *message);

/*
 * Changes what the link is polled for (EPOLL…), if it is polled at all. With EPOLLET, a worker that is held
 * back, and therefore not read, costs no turns of the loop. -errno.
 */
int guest_poll(struct guest *guest, uint32_t events);

/* Sends what had to wait: the worker has made room. */
void guest_send_rest(struct guest *guest);

#endif
