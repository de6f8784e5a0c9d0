/* SPDX-License-Identifier: BSD-2-Clause */
/* One message after the other: what finds no room is kept (outbox.h). */
#include "broker/child/child_link.h"

#include <errno.h>
#include <sys/epoll.h>

int child_link_watch(struct child_link *child, struct loop *loop, const char *what, loop_fn ready,
                     void *userdata)
{
    child->events = outbox_is_empty(&child->outbox) ? EPOLLIN : EPOLLIN | EPOLLOUT;
    return loop_add(loop, &child->source, link_fd(child->link), child->events, what, ready, userdata);
}

int child_link_poll(struct child_link *child, uint32_t events)
{
    if (!child->source || events == child->events)
        return 0;
    child->events = events;
    return loop_modify(child->source, events);
}

/* The message waits behind those that wait already. */
static int child_link_put_off(struct child_link *child, const void *bytes, size_t n_bytes)
{
    int r = outbox_add(&child->outbox, bytes, n_bytes);

    return r < 0 ? r : child_link_poll(child, child->events | EPOLLOUT);
}

int child_link_send(struct child_link *child, struct codec *codec, const struct message *message)
{
    ptrdiff_t size = codec_prepare(codec, message);
    void *bytes;
    int r;

    if (size < 0)
        return (int)size;
    bytes = link_reserve(child->link, (size_t)size);
    codec_encode(codec, bytes);
    r = outbox_is_empty(&child->outbox) ? link_commit(child->link) : -EAGAIN;
    if (r == -EPIPE)
        return 0; /* it has ended, or is about to */
    return r == -EAGAIN ? child_link_put_off(child, bytes, (size_t)size) : r;
}

int child_link_send_rest(struct child_link *child)
{
    int r = outbox_flush(&child->outbox, child->link);

    if (r == -EAGAIN)
        return 0;
    return r < 0 && r != -EPIPE ? r : child_link_poll(child, child->events & ~(uint32_t)EPOLLOUT);
}

void child_link_ignore(struct child_link *child)
{
    child->source = loop_remove(child->source);
}

void child_link_close(struct child_link *child)
{
    child_link_ignore(child);
    child->link = link_free(child->link);
    outbox_clear(&child->outbox);
    child->events = 0;
}
