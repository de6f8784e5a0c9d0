/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transport between a broker and one worker: a ZeroMQ PAIR socket on a private ipc endpoint, one message
 * per call. Nothing here blocks. Knows nothing of what the messages mean.
 */
#ifndef PROTO_LINK_H
#define PROTO_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct link_context;
struct link;

/*
 * The process's ZeroMQ context with its threads, for up to `max_links` links; -errno. Links must end before
 * it. Each that there may be takes 12 bytes at once.
 */
int link_context_new(struct link_context **context, unsigned max_links);

/* Takes NULL; returns NULL. */
struct link_context *link_context_free(struct link_context *context);

/*
 * Makes the broker's end from `listener`, which listens on the unix socket `path`, and takes it over unless
 * this fails. 0 or -errno.
 */
int link_adopt(struct link **link, struct link_context *context, const char *path, int listener);

/*
 * Makes the worker's end. A relative path is used until the first message arrives; the working directory must
 * not change before. 0 or -errno.
 */
int link_connect(struct link **link, struct link_context *context, const char *path);

/*
 * Lets link_context_free() wait up to `ms` for what this link has not sent yet; without it, closing a link
 * drops that.
 */
void link_linger(struct link *link, int ms);

/* Closes the link. Takes NULL; returns NULL. */
struct link *link_free(struct link *link);

/*
 * A descriptor for poll, edge-triggered: it tells that something changed. After a wake-up, and after each
 * send, receive until -EAGAIN, or look at link_readable(), before sleeping again.
 */
int link_fd(struct link *link);
bool link_readable(struct link *link);

/* Room for a message of `bytes`, valid until link_commit(), which sends it. NULL when out of memory. */
void *link_reserve(struct link *link, size_t bytes);

/*
 * Sends the reserved message: 0, or -EAGAIN when the queue is full or nobody is connected; then it stays
 * reserved and can be committed again.
 */
int link_commit(struct link *link);

/* The next message, the link's until the following call; -EAGAIN when there is none. */
int link_receive(struct link *link, const void **bytes, size_t *n_bytes);

/* The process that sent the message last received, as the kernel knows it; -1 if it does not. */
pid_t link_peer(struct link *link);

#endif
