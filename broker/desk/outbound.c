/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps what the link did not take. */
#include "broker/desk/outbound.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

int outbound_ask(struct outbound *outbound, const struct desk_message *request)
{
    int r = desk_message_send(outbound->link, request);

    assert(!outbound->has_request);
    if (r != -EAGAIN)
        return r;
    memcpy(outbound->bytes, request->bytes, request->n_bytes);
    outbound->request = *request;
    outbound->request.bytes = outbound->bytes;
    outbound->has_request = true;
    return 0;
}

int outbound_tell_sent(struct outbound *outbound, uint64_t client, uint64_t id)
{
    const struct desk_message sent = {.type = DESK_SENT, .client = client, .id = id};
    int r = outbound->n ? -EAGAIN : desk_message_send(outbound->link, &sent);

    if (r != -EAGAIN)
        return r;
    if (outbound->n == OUTBOUND_SENT)
        return -ENOBUFS;
    outbound->list[(outbound->head + outbound->n++) % OUTBOUND_SENT] = sent;
    return 0;
}

/* Puts the client of the request that waits in front. Returns whether it has gone. */
static bool outbound_asks_still(struct outbound *outbound)
{
    for (size_t i = 0; outbound->has_request && i < outbound->n_gone; i++) {
        if (outbound->gone[i] != outbound->request.client)
            continue;
        outbound->gone[i] = outbound->gone[0];
        outbound->gone[0] = outbound->request.client;
        return true;
    }
    return false;
}

/* Tells the broker of the clients that have gone, but for the one whose request waits. */
static int outbound_flush_gone(struct outbound *outbound)
{
    size_t n_kept = outbound_asks_still(outbound);
    int r = 0;

    while (r == 0 && outbound->n_gone > n_kept) {
        size_t left = outbound->n_gone - n_kept, n = left < DESK_MAX_GONE ? left : DESK_MAX_GONE;
        const uint64_t *clients = outbound->gone + outbound->n_gone - n;

        r = desk_message_send(outbound->link, &(struct desk_message){.type = DESK_GONE,
                                                                     .bytes = clients,
                                                                     .n_bytes = n * sizeof(*clients)});
        if (r == 0)
            outbound->n_gone -= n;
    }
    return r;
}

int outbound_tell_gone(struct outbound *outbound, uint64_t client)
{
    bool waits = outbound_waits(outbound);
    int r;

    if (outbound->n_gone == OUTBOUND_GONE)
        return -ENOBUFS;
    outbound->gone[outbound->n_gone++] = client;
    if (waits)
        return 0;
    r = outbound_flush_gone(outbound);
    return r == -EAGAIN ? 0 : r;
}

bool outbound_waits(const struct outbound *outbound)
{
    return outbound->n || outbound->n_gone || outbound->has_request;
}

int outbound_flush(struct outbound *outbound)
{
    int r = outbound_flush_gone(outbound);

    while (r == 0 && outbound->n) {
        r = desk_message_send(outbound->link, &outbound->list[outbound->head]);
        if (r == 0) {
            outbound->head = (outbound->head + 1) % OUTBOUND_SENT;
            outbound->n--;
        }
    }
    if (r == 0 && outbound->has_request) {
        r = desk_message_send(outbound->link, &outbound->request);
        outbound->has_request = r == -EAGAIN;
    }
    return r == 0 ? outbound_flush_gone(outbound) : r;
}
