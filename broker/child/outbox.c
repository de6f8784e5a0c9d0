/* SPDX-License-Identifier: BSD-2-Clause */
/* A list of messages, oldest first. */
#include "broker/child/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct outbox_message {
    struct outbox_message *next;
    size_t n_bytes;
    unsigned char bytes[];
};

int outbox_add(struct outbox *outbox, const void *bytes, size_t n_bytes)
{
    struct outbox_message *message;

    if (outbox->n_bytes + n_bytes > OUTBOX_MAX_BYTES)
        return -ENOBUFS;
    message = malloc(sizeof(*message) + n_bytes);
    if (!message)
        return -ENOMEM;
    message->next = NULL;
    message->n_bytes = n_bytes;
    memcpy(message->bytes, bytes, n_bytes);
    if (outbox->first)
        outbox->newest->next = message;
    else
        outbox->first = message;
    outbox->newest = message;
    outbox->n_bytes += n_bytes;
    return 0;
}

static void outbox_drop_first(struct outbox *outbox)
{
    struct outbox_message *message = outbox->first;

    outbox->first = message->next;
    outbox->n_bytes -= message->n_bytes;
    free(message);
}

int outbox_flush(struct outbox *outbox, struct link *link)
{
    while (outbox->first) {
        int r;

        memcpy(link_reserve(link, outbox->first->n_bytes), outbox->first->bytes, outbox->first->n_bytes);
        r = link_commit(link);
        if (r < 0)
            return r;
        outbox_drop_first(outbox);
    }
    return 0;
}

void outbox_clear(struct outbox *outbox)
{
    while (outbox->first)
        outbox_drop_first(outbox);
}
