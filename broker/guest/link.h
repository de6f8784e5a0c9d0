/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conversation with a worker: its link, and what is done with each message. Nothing that a worker says is
 * believed before it is checked. Only for this folder.
 */
#ifndef BROKER_GUEST_LINK_H
#define BROKER_GUEST_LINK_H

#include <stdbool.h>

#include "proto/codec.h"

struct guest;

/* Chooses the endpoint's name, and makes everything that works without the endpoint. -errno. */
int guest_link_new(struct guest *guest);

/* Listens at the endpoint, whose file exists. Takes the listener, even when it fails. -errno. */
int guest_link_open(struct guest *guest, int listener);

void guest_link_close(struct guest *guest);

/* Handles the messages that have arrived: as many as one turn of the loop allows, or all if `to_the_end`. */
void guest_link_receive(struct guest *guest, bool to_the_end);

/* 0 or -errno: the link is broken or full, which never happens while the worker behaves. */
int guest_link_send(struct guest *guest, const struct message *message);

/* The same; if it fails, the guest is killed. */
void guest_send_or_end(struct guest *guest, const struct message *message);

#endif
