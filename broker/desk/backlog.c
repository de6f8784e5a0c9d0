/* SPDX-License-Identifier: BSD-2-Clause */
/* Tries again, a hundred times a second, what a client did not take. */
#include "broker/desk/backlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/time.h"

#define BACKLOG_RETRY_NS (10 * FC_NS_PER_MS)

struct backlog_reply {
    struct backlog_reply *next;
    uint64_t client;
    uint64_t id;
    size_t n_bytes;
    uint8_t bytes[];
};

/* Tries to send. Returns whether the reply is done with: sent, or its client has gone. */
static bool backlog_try(struct backlog *backlog, uint64_t client, uint64_t id, const void *bytes,
                        size_t n_bytes)
{
    int r = backlog->spec.send(backlog->spec.userdata, client, bytes, n_bytes);

    if (r == -EAGAIN)
        return false;
    backlog->spec.sent(backlog->spec.userdata, client, id, r < 0);
    return true;
}

static bool backlog_waits(const struct backlog *backlog, const struct backlog_reply *end, uint64_t client)
{
    const struct backlog_reply *reply = backlog->replies;

    while (reply != end && reply->client != client)
        reply = reply->next;
    return reply != end;
}

static void backlog_retry(void *userdata)
{
    struct backlog *backlog = userdata;
    struct backlog_reply **place = &backlog->replies;

    while (*place) {
        struct backlog_reply *reply = *place;

        /* behind one that waits for the same client this one waits, too */
        if (backlog_waits(backlog, reply, reply->client) ||
            !backlog_try(backlog, reply->client, reply->id, reply->bytes, reply->n_bytes)) {
            place = &reply->next;
            continue;
        }
        *place = reply->next;
        backlog->n--;
        free(reply);
    }
    if (backlog->n)
        loop_set_timer(backlog->spec.loop, &backlog->retry, fc_now_ns() + BACKLOG_RETRY_NS);
}

void backlog_init(struct backlog *backlog, const struct backlog_spec *spec)
{
    *backlog = (struct backlog){.spec = *spec};
    backlog->retry = (struct timer){.fn = backlog_retry, .userdata = backlog};
}

void backlog_deinit(struct backlog *backlog)
{
    loop_cancel_timer(backlog->spec.loop, &backlog->retry);
    while (backlog->replies) {
        struct backlog_reply *reply = backlog->replies;

        backlog->replies = reply->next;
        free(reply);
    }
}

int backlog_send(struct backlog *backlog, const struct desk_message *message)
{
    struct backlog_reply **place = &backlog->replies;
    struct backlog_reply *reply;

    if (!backlog_waits(backlog, NULL, message->client) &&
        backlog_try(backlog, message->client, message->id, message->bytes, message->n_bytes))
        return 0;
    if (backlog->n == BACKLOG_MAX)
        return -ENOBUFS;
    reply = malloc(sizeof(*reply) + message->n_bytes);
    if (!reply)
        return -ENOMEM;
    *reply =
        (struct backlog_reply){.client = message->client, .id = message->id, .n_bytes = message->n_bytes};
    memcpy(reply->bytes, message->bytes, message->n_bytes);
    while (*place)
        place = &(*place)->next;
    *place = reply;
    backlog->n++;
    loop_set_timer(backlog->spec.loop, &backlog->retry, fc_now_ns() + BACKLOG_RETRY_NS);
    return 0;
}
