/* SPDX-License-Identifier: BSD-2-Clause */
/* Tries again, a hundred times a second, what a client did not take. */
#include "broker/desk/streams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/time.h"

#define STREAMS_RETRY_NS (10 * FC_NS_PER_MS)

struct stream_reply {
    struct stream_reply *next;
    uint64_t client;
    uint64_t id;
    size_t n_bytes;
    uint8_t bytes[];
};

/* Tries to send. Returns whether the reply is done with: sent, or its client has gone. */
static bool streams_try(struct streams *streams, uint64_t client, uint64_t id, const void *bytes,
                        size_t n_bytes)
{
    int r = streams->spec.send(streams->spec.userdata, client, bytes, n_bytes);

    if (r == -EAGAIN)
        return false;
    streams->spec.sent(streams->spec.userdata, client, id, r < 0);
    return true;
}

static bool streams_waits(const struct streams *streams, const struct stream_reply *end, uint64_t client)
{
    const struct stream_reply *reply = streams->replies;

    while (reply != end && reply->client != client)
        reply = reply->next;
    return reply != end;
}

static void streams_retry(void *userdata)
{
    struct streams *streams = userdata;
    struct stream_reply **place = &streams->replies;

    while (*place) {
        struct stream_reply *reply = *place;

        /* behind one that waits for the same client this one waits, too */
        if (streams_waits(streams, reply, reply->client) ||
            !streams_try(streams, reply->client, reply->id, reply->bytes, reply->n_bytes)) {
            place = &reply->next;
            continue;
        }
        *place = reply->next;
        streams->n--;
        free(reply);
    }
    if (streams->n)
        loop_set_timer(streams->spec.loop, &streams->retry, fc_now_ns() + STREAMS_RETRY_NS);
}

void streams_init(struct streams *streams, const struct streams_spec *spec)
{
    *streams = (struct streams){.spec = *spec};
    streams->retry = (struct timer){.fn = streams_retry, .userdata = streams};
}

void streams_deinit(struct streams *streams)
{
    loop_cancel_timer(streams->spec.loop, &streams->retry);
    while (streams->replies) {
        struct stream_reply *reply = streams->replies;

        streams->replies = reply->next;
        free(reply);
    }
}

int streams_send(struct streams *streams, const struct desk_message *message)
{
    struct stream_reply **place = &streams->replies;
    struct stream_reply *reply;

    if (!streams_waits(streams, NULL, message->client) &&
        streams_try(streams, message->client, message->id, message->bytes, message->n_bytes))
        return 0;
    if (streams->n == STREAMS_MAX)
        return -ENOBUFS;
    reply = malloc(sizeof(*reply) + message->n_bytes);
    if (!reply)
        return -ENOMEM;
    *reply = (struct stream_reply){.client = message->client, .id = message->id, .n_bytes = message->n_bytes};
    memcpy(reply->bytes, message->bytes, message->n_bytes);
    while (*place)
        place = &(*place)->next;
    *place = reply;
    streams->n++;
    loop_set_timer(streams->spec.loop, &streams->retry, fc_now_ns() + STREAMS_RETRY_NS);
    return 0;
}
