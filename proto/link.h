/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transport between the broker and one worker: a ZeroMQ PAIR socket on a private ipc endpoint, with one
 * message per call. Nothing here blocks. It does not know what the messages mean.
 */
#ifndef PROTO_LINK_H
#define PROTO_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct link_context;
struct link;

/*
 * Makes the process's ZeroMQ context with its threads, for up to `max_links` links, each of which takes 12
 * bytes at once. All links must be freed before it. 0 or -errno.
 */
int link_context_new(struct link_context **context, unsigned max_links);

/* Frees a context. Takes NULL; returns NULL. */
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

/* Lets link_context_free() wait up to `ms` for unsent messages of this link, which are dropped otherwise. */
void link_linger(struct link *link, int ms);

/* Closes the link. Takes NULL; returns NULL. */
struct link *link_free(struct link *link);

/*
 * Return an edge-triggered descriptor to poll for changes, and whether there is a message. After each wake-up
 * and each send, receive until -EAGAIN, or check link_readable(), before sleeping again.
 */
int link_fd(struct link *link);
bool link_readable(struct link *link);

/* Returns room for a message, to be sent by link_commit() and valid until then. NULL when out of memory. */
void *link_reserve(struct link *link, size_t bytes);

/*
 * Sends the reserved message. 0, or -EAGAIN when the queue is full or the other end is not connected; the
 * message then stays reserved and can be committed again.
 */
int link_commit(struct link *link);

/* Receives the next message, which belongs to the link and lives until the next call. 0; -EAGAIN if there is
 * none. */
int link_receive(struct link *link, const void **bytes, size_t *n_bytes);

/* Returns the process that sent the last message, as the kernel identified it; -1 if it did not. */
pid_t link_peer(struct link *link);

#endif
