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

int outbound_tell(struct outbound *outbound, const struct desk_message *message)
{
    int r = outbound->n ? -EAGAIN : desk_message_send(outbound->link, message);

    if (r != -EAGAIN)
        return r;
    if (outbound->n == OUTBOUND_SHORT)
        return -ENOBUFS;
    outbound->list[(outbound->head + outbound->n++) % OUTBOUND_SHORT] = *message;
    return 0;
}

int outbound_flush(struct outbound *outbound)
{
    int r = 0;

    while (r == 0 && outbound->n) {
        r = desk_message_send(outbound->link, &outbound->list[outbound->head]);
        if (r == 0) {
            outbound->head = (outbound->head + 1) % OUTBOUND_SHORT;
            outbound->n--;
        }
    }
    if (r == 0 && outbound->has_request) {
        r = desk_message_send(outbound->link, &outbound->request);
        outbound->has_request = r == -EAGAIN;
    }
    return r;
}
