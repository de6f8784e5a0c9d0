/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transport between the broker and a worker, a driver or the desk: the two ends of a SOCK_SEQPACKET pair,
 * one message per call. The broker makes the pair and hands one end over when the other process is born, so
 * that is known by a descriptor and never by what it says. Nothing here blocks but link_wait(), and nothing
 * here knows what the messages mean. In all these processes.
 */
#ifndef PROTO_LINK_H
#define PROTO_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/codec.h"

/*
 * The most bytes of a message. A larger one that a peer sends is refused; whoever has more to say splits it.
 * Two of these and the small messages between them fit in the socket's buffer (SO_SNDBUF at
 * net.core.wmem_max, 212,992 bytes, which the kernel doubles).
 */
#define LINK_MAX_MESSAGE CODEC_MAX_MESSAGE

struct link;
struct link_buffers;

/* Room for one message in and one out, shared by all links of a thread. -ENOMEM. Links must end before it. */
int link_buffers_new(struct link_buffers **buffers);

/* Takes NULL; returns NULL. */
struct link_buffers *link_buffers_free(struct link_buffers *buffers);

/* Makes a pair: this end, and the descriptor of the other one, which is the caller's and close-on-exec.
 * -errno. */
int link_pair(struct link **link, struct link_buffers *buffers, int *other);

/* Takes over the end that link_pair() has made in another process; `fd` is the link's, unless this fails.
 * -errno. */
int link_new(struct link **link, struct link_buffers *buffers, int fd);

/*
 * Closes this end; what is sent and not received yet stays for the other end. Takes NULL; returns NULL. Where
 * link_is_tampered_with(), the descriptor stays open until this process ends: to close it could take long.
 */
struct link *link_free(struct link *link);

/*
 * Before Linux 6.16, for a link that is not used any more: returns whether the other process has passed
 * descriptors, which no worker can. Afterwards nothing can be received.
 */
bool link_is_tampered_with(const struct link *link);

/*
 * The descriptor for poll, level-triggered: readable while there is a message or the other end has gone.
 * Writable when there is room after -EAGAIN.
 */
int link_fd(const struct link *link);

/* Room for a message of `bytes` (at most LINK_MAX_MESSAGE), valid until the next call for any link with these
 * buffers. */
void *link_reserve(struct link *link, size_t bytes);

/*
 * Sends what was reserved last. -EAGAIN if there is no room: it stays reserved, and can be committed again.
 * -EPIPE if the other end has gone.
 */
int link_commit(struct link *link);

/*
 * The next message, valid until the next call for any link with these buffers. -EAGAIN if there is none,
 * -EPIPE if the other end has gone and everything was received, -EMSGSIZE if it was too large: then it is
 * gone. -EPERM if it would pass descriptors; it stays where it is.
 */
int link_receive(struct link *link, const void **bytes, size_t *n_bytes);

/* The same, but waits for a message. -EINTR if a signal came first. Never in the broker. */
int link_wait(struct link *link, const void **bytes, size_t *n_bytes);

#endif
