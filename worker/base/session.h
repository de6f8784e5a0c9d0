/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The worker's end of the link: what the script did is collected and sent as reports, what the broker sends
 * is received. The interpreter lock is also the lock of the link: every call here needs it held, and only
 * session_wait() releases it while it touches nothing.
 */
#ifndef WORKER_BASE_SESSION_H
#define WORKER_BASE_SESSION_H

#include "worker/base/python.h"

#include <stdbool.h>
#include <stdint.h>

#include "proto/codec.h"

struct session;

/* Connects to the endpoint `name` in the working directory and greets the broker. 0 or -errno. */
int session_open(struct session **session, const char *name);

/*
 * Closes the link when everything is sent, or the broker does not take it for a second. No call may follow.
 */
void session_close(struct session *session);

/*
 * In the handshake: the next message from the broker, valid until the next call; waits for it up to
 * `timeout_ms`. Reports that threads made in the meantime are sent. -ETIMEDOUT, -EPIPE, or what
 * codec_decode() says.
 */
int session_receive(struct session *session, struct message *message, int timeout_ms);

/* The same after the handshake, until a time of CLOCK_MONOTONIC; UINT64_MAX: for ever. Then -ETIMEDOUT, also
 * if there is a message. */
int session_receive_until(struct session *session, struct message *message, uint64_t deadline_ns);

/* Sends a message without content, or hello and locked. 0 or -errno. */
int session_send(struct session *session, const struct message *message);

/*
 * Collects what the script did. Each sends what is there when there is much of it, or when the calling thread
 * cannot rely on the main thread to do so soon. -1 with a Python exception set.
 */
int session_output(struct session *session, uint32_t channel, double value);
int session_new_channel(struct session *session, const char *name);
int session_interval(struct session *session, const struct message_interval *interval);
int session_socket(struct session *session, const struct message_socket *socket);
void session_exception(struct session *session);

/* An interval that the broker had told was called, or found gone; main thread only. 0 or -errno. */
int session_ticked(struct session *session, uint32_t id, uint64_t called_ns);

/* A file that was imported, for the next report; main thread only. 0 or -errno. */
int session_file(struct session *session, const char *path);

/*
 * Sends everything that was collected; with `done` also when that is nothing. Waits while the broker is
 * behind.
 */
int session_flush(struct session *session, bool done);

#endif
