/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line's end of the control interface: a DEALER socket on ipc, with one frame per message. It
 * does not know what the messages mean.
 */
#ifndef BROKER_CLI_DEALER_H
#define BROKER_CLI_DEALER_H

#include <stddef.h>

/* One connection, which is not established again when it ends. */
struct dealer;

/* Makes one, without waiting for the connection. 0 or -errno. */
int dealer_new(struct dealer **dealer, const char *path, size_t max_message);

/* Ends it. Takes NULL; returns NULL. */
struct dealer *dealer_free(struct dealer *dealer);

/*
 * Sends a message. 0; -EAGAIN if nobody reads it; if the connection was closed, the reason, for
 * which this waits up to 100 ms, as dealer_receive() returns it; or another -errno.
 */
int dealer_send(struct dealer *dealer, const void *bytes, size_t n_bytes);

/*
 * Waits for a message, up to `timeout_ms` (-1: for ever), or until `also_fd` is readable (-1: none). The
 * message belongs to the client and lives until the next call. 0; -ETIMEDOUT; -EINTR for a signal or
 * `also_fd`; -ECONNREFUSED without a connection, -EACCES if it ended during the handshake, -ECONNRESET if it
 * ended later.
 */
int dealer_receive(struct dealer *dealer, int timeout_ms, int also_fd, const void **bytes, size_t *n_bytes);

#endif
