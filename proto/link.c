/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A SOCK_SEQPACKET pair (unix(7)): messages keep their bounds and their order, a full buffer holds back only
 * this sender, and what a process had sent outlives it.
 */
#include "proto/link.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "proto/pass.h"

#define LINK_SEND_BUFFER                                                                                     \
    (4 * (int)LINK_MAX_MESSAGE) /* more than the kernel gives: it takes what it allows                       \
                                 */

struct link_buffers {
    uint8_t in[LINK_MAX_MESSAGE];
    uint8_t out[LINK_MAX_MESSAGE];
    size_t n_out;
};

struct link {
    struct link_buffers *buffers;
    int fd;
    bool may_bring_descriptors; /* the kernel cannot be told that it must not */
};

int link_buffers_new(struct link_buffers **buffers)
{
    *buffers = malloc(sizeof(**buffers));
    return *buffers ? 0 : -ENOMEM;
}

struct link_buffers *link_buffers_free(struct link_buffers *buffers)
{
    free(buffers);
    return NULL;
}

int link_new(struct link **linkp, struct link_buffers *buffers, int fd)
{
    struct link *link = malloc(sizeof(*link));

    if (!link)
        return -ENOMEM;
    *link = (struct link){.buffers = buffers, .fd = fd};
    *linkp = link;
    return 0;
}

int link_pair(struct link **link, struct link_buffers *buffers, int *other)
{
    static const int send_buffer = LINK_SEND_BUFFER;
    int fds[2], r;

    /* each call says by itself whether it waits */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return -errno;
    for (int i = 0; i < 2; i++)
        setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
    r = link_new(link, buffers, fds[0]);
    if (r < 0) {
        close(fds[0]);
        close(fds[1]);
        return r;
    }
    (*link)->may_bring_descriptors = !pass_refuse_descriptors(fds[0]);
    *other = fds[1];
    return 0;
}

struct link *link_free(struct link *link)
{
    if (!link)
        return NULL;
    if (!link_is_tampered_with(link))
        close(link->fd);
    free(link);
    return NULL;
}

bool link_is_tampered_with(const struct link *link)
{
    return link->may_bring_descriptors && !pass_drain(link->fd);
}

int link_fd(const struct link *link)
{
    return link->fd;
}

void *link_reserve(struct link *link, size_t bytes)
{
    assert(bytes && bytes <= LINK_MAX_MESSAGE); /* an empty message would look like the end */
    link->buffers->n_out = bytes;
    return link->buffers->out;
}

int link_commit(struct link *link)
{
    ssize_t n;

    do
        n = send(link->fd, link->buffers->out, link->buffers->n_out, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return 0;
    return errno == ECONNRESET ? -EPIPE : -errno;
}

static int link_take(struct link *link, const void **bytes, size_t *n_bytes, int flags)
{
    ssize_t n;

    /* ECONNRESET comes once, before what is still there, if the other end has gone without reading everything
     */
    do
        n = recv(link->fd, link->buffers->in, sizeof(link->buffers->in), flags | MSG_TRUNC);
    while (n < 0 && errno == ECONNRESET);
    if (n < 0)
        return -errno;
    if (n == 0)
        return -EPIPE; /* or an empty message, which nobody sends who has something to say */
    if ((size_t)n > sizeof(link->buffers->in))
        return -EMSGSIZE;
    *bytes = link->buffers->in;
    *n_bytes = (size_t)n;
    return 0;
}

int link_receive(struct link *link, const void **bytes, size_t *n_bytes)
{
    if (link->may_bring_descriptors && pass_brings_descriptors(link->fd))
        return -EPERM;
    return link_take(link, bytes, n_bytes, MSG_DONTWAIT); /* which no signal interrupts */
}

int link_wait(struct link *link, const void **bytes, size_t *n_bytes)
{
    return link_take(link, bytes, n_bytes, 0);
}
