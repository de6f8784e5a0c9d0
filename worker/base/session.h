/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The worker's end of the link: collects what the script does, sends it as reports, and receives messages of
 * the broker. The interpreter lock is also the lock of the link: all functions here need it held. While they
 * wait they release it and touch nothing.
 */
#ifndef WORKER_BASE_SESSION_H
#define WORKER_BASE_SESSION_H

#include "worker/base/python.h"

#include <stdbool.h>
#include <stdint.h>

#include "proto/codec.h"
#include "proto/progress.h"

struct session;

/*
 * Greets the broker over `fd`, this worker's end of the link, and keeps what the script puts out in
 * `progress` until it was sent. Both are the session's from then on. 0 or -errno.
 */
int session_open(struct session **session, int fd, struct progress *progress);

/* Where the worker says how far it is. */
struct progress *session_progress(const struct session *session);

/*
 * Receives the next message of the handshake, valid until the next call, and waits for it up to `timeout_ms`.
 * Meanwhile it sends what threads collect. 0, -ETIMEDOUT, or another -errno, also of codec_decode().
 */
int session_receive(struct session *session, struct message *message, int timeout_ms);

/*
 * Does the same after the handshake, until a time of CLOCK_MONOTONIC (UINT64_MAX: for ever). Past that time
 * it returns -ETIMEDOUT even if there is a message.
 */
int session_receive_until(struct session *session, struct message *message, uint64_t deadline_ns);

/* Sends a message other than a report. 0 or -errno. */
int session_send(struct session *session, const struct message *message);

/*
 * Collect what the script did. Each sends a report when much has been collected, or when the calling thread
 * cannot rely on the main thread to send it soon. -1 with a Python exception set.
 */
int session_output(struct session *session, uint32_t channel, double value);
int session_new_channel(struct session *session, const char *name);
int session_interval(struct session *session, const struct message_interval *interval);
int session_socket(struct session *session, const struct message_socket *socket);
void session_exception(struct session *session);

/* Collects that a tick was carried out, or that its interval is gone; main thread only. 0 or -errno. */
int session_ticked(struct session *session, uint32_t id, uint64_t called_ns);

/* Collects the path of an imported file; main thread only. 0 or -errno. */
int session_file(struct session *session, const char *path);

/* Sends everything collected; with `done` even if that is nothing. Waits while the broker is behind. */
int session_flush(struct session *session, bool done);

#endif
