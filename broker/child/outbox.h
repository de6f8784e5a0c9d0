/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages for a child that did not find room in its link: they go, in their order, when it has read on.
 * Usually empty: only the channels of a large instance are more than the link holds.
 */
#ifndef BROKER_CHILD_OUTBOX_H
#define BROKER_CHILD_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/link.h"

#define OUTBOX_MAX_BYTES                                                                                     \
    (128u << 20) /* all channels that an instance may have, with the longest names, twice */

struct outbox_message;

/* Zeroed: empty. */
struct outbox {
    struct outbox_message *first;
    struct outbox_message *newest;
    size_t n_bytes;
};

static inline bool outbox_is_empty(const struct outbox *outbox)
{
    return !outbox->first;
}

/* Adds a copy of a message of at most LINK_MAX_MESSAGE bytes. -ENOBUFS if it holds too much, -ENOMEM. */
int outbox_add(struct outbox *outbox, const void *bytes, size_t n_bytes);

/* Sends what finds room: 0 if all is gone, -EAGAIN if there is more, or what link_commit() says. */
int outbox_flush(struct outbox *outbox, struct link *link);

/* Drops what is in it. */
void outbox_clear(struct outbox *outbox);

#endif
