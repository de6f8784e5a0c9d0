/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connections of clients: a ROUTER socket on ipc, with one frame per message. The only file of the desk
 * that knows libzmq. It does not know what the messages mean. In the desk.
 */
#ifndef BROKER_DESK_CLIENTS_H
#define BROKER_DESK_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/desk_messages.h"

/* Messages that may wait for one client; further ones cannot be sent. */
#define CLIENTS_QUEUE 8

struct clients;

/*
 * Serves the clients of `listener`, which listens on a unix socket with the file name `name`, and takes it
 * over unless this fails. Begins threads. 0 or -errno.
 */
int clients_new(struct clients **clients, const char *name, int listener);

/* Hangs up, after up to 100 ms in which clients read what was sent. Takes NULL; returns NULL. */
struct clients *clients_free(struct clients *clients);

/*
 * A descriptor for poll(), edge-triggered: after it was readable, and after anything was sent,
 * clients_receive() has to be called until there is nothing more.
 */
int clients_fd(struct clients *clients);
bool clients_readable(struct clients *clients);

/*
 * Receives the next message, which lives until the next call. `*from` is the number of the connection, which
 * is unique at any time, not chosen by the client, and not 0. 0; -EAGAIN if there is none; -EBADMSG for one
 * with an invalid sender or form, which is discarded.
 */
int clients_receive(struct clients *clients, uint64_t *from, struct desk_peer *peer, const void **bytes,
                    size_t *n_bytes);

/*
 * Sends a message to a client. 0; -EAGAIN if the client has not read earlier ones; -EHOSTUNREACH if it is
 * gone.
 */
int clients_send(struct clients *clients, uint64_t to, const void *bytes, size_t n_bytes);

#endif
