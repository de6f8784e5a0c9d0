/* SPDX-License-Identifier: BSD-2-Clause */
/* One message after the other, without ever waiting: what finds no room is kept (outbox.h). */
#include "broker/guest/send.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "broker/guest/private.h"
#include "proto/codec_name.h"

int guest_poll(struct guest *guest, uint32_t events)
{
    if (!guest->link_source || events == guest->link_events)
        return 0;
    guest->link_events = events;
    return loop_modify(guest->link_source, events);
}

/* The message waits behind those that wait already. */
static int guest_put_off(struct guest *guest, const void *bytes, size_t n_bytes)
{
    int r = outbox_add(&guest->outbox, bytes, n_bytes);

    return r < 0 ? r : guest_poll(guest, guest->link_events | EPOLLOUT);
}

int guest_send_message(struct guest *guest, const struct message *message)
{
    ptrdiff_t size = codec_prepare(guest->runtime->codec, message);
    void *bytes;
    int r;

    if (size < 0)
        return (int)size;
    bytes = link_reserve(guest->link, (size_t)size);
    codec_encode(guest->runtime->codec, bytes);
    r = outbox_is_empty(&guest->outbox) ? link_commit(guest->link) : -EAGAIN;
    if (r == -EPIPE)
        return 0; /* it has ended, or is about to */
    return r == -EAGAIN ? guest_put_off(guest, bytes, (size_t)size) : r;
}

void guest_send_or_end(struct guest *guest, const struct message *message)
{
    int r = guest_send_message(guest, message);

    if (r < 0)
        guest_violated(guest, "%s cannot be sent: %s", message_name(message->type), strerror(-r));
}

void guest_send_rest(struct guest *guest)
{
    int r = outbox_is_empty(&guest->outbox) ? 0 : outbox_flush(&guest->outbox, guest->link);

    if (r == 0)
        guest_poll(guest, guest->link_events & ~(uint32_t)EPOLLOUT);
    else if (r != -EAGAIN && r != -EPIPE) /* the end of the link is noticed when it is read */
        guest_violated(guest, "what waits for it cannot be sent: %s", strerror(-r));
}
