/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker's end of the link to a child, as the loop polls it, and what waits for room in it. Nothing here
 * waits for the child. What is done with a message that comes is the owner's.
 */
#ifndef BROKER_CHILD_CHILD_LINK_H
#define BROKER_CHILD_CHILD_LINK_H

#include <stdint.h>

#include "broker/base/loop.h"
#include "broker/child/outbox.h"
#include "proto/codec.h"
#include "proto/link.h"

/* Zeroed: there is none. */
struct child_link {
    struct link *link;          /* from link_pair() */
    struct loop_source *source; /* NULL: it is not polled, or has ended */
    uint32_t events;            /* EPOLL…, that it is polled for */
    struct outbox outbox;
};

/* Polls the link, for what comes and for room if something waits for that. `what` as in loop_add(). -errno.
 */
int child_link_watch(struct child_link *child, struct loop *loop, const char *what, loop_fn ready,
                     void *userdata);

/* Changes what the link is polled for, if it is polled at all. -errno. */
int child_link_poll(struct child_link *child, uint32_t events);

/*
 * Sends a message as soon as there is room for it; to a child whose end is closed, nothing. 0 or -errno: the
 * message is too large, or there is no memory.
 */
int child_link_send(struct child_link *child, struct codec *codec, const struct message *message);

/* Sends what waits, now that there is room. 0 or -errno; the end of the link is none, it is noticed
 * elsewhere. */
int child_link_send_rest(struct child_link *child);

/* Does not poll it any more. */
void child_link_ignore(struct child_link *child);

/* Closes the link, and drops what waits. It is zeroed then. */
void child_link_close(struct child_link *child);

#endif
