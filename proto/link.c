/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Uses a PAIR socket per worker: the socket identifies the worker, not a field of a message, and a full queue
 * affects that worker only.
 */
#include "proto/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "proto/codec.h"
#include "proto/own_pid.h"

/*
 * Messages that may wait in one process. Those from a worker take memory of the broker: since one batch is
 * under way at a time a few suffice, and with more the worker waits. To a worker more are harmless and make
 * libzmq faster: it wakes the sender's thread each time that half of them have been received.
 */
#define LINK_FROM_WORKER 8
#define LINK_TO_WORKER   256

struct link {
    void *socket;
    zmq_msg_t in;
    zmq_msg_t out;
};

int link_context_new(struct link_context **context, unsigned max_links)
{
    void *zmq = zmq_ctx_new();

    if (!zmq)
        return -errno;
    own_pid_keep();
    zmq_ctx_set(zmq, ZMQ_MAX_SOCKETS, (int)max_links);
    *context = zmq;
    return 0;
}

struct link_context *link_context_free(struct link_context *context)
{
    if (context)
        zmq_ctx_term(context);
    return NULL;
}

static int link_set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int link_configure(void *socket, int64_t max_message)
{
    bool is_broker = max_message == CODEC_MAX_FROM_WORKER;
    const struct {
        int option;
        int value;
    } options[] = {
        {ZMQ_LINGER, 0},
        {ZMQ_SNDHWM, is_broker ? LINK_TO_WORKER : LINK_FROM_WORKER},
        {ZMQ_RCVHWM, is_broker ? LINK_FROM_WORKER : LINK_TO_WORKER},
        {ZMQ_RECONNECT_IVL, -1},
    };

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        int r = link_set(socket, options[i].option, options[i].value);

        if (r < 0)
            return r;
    }
    if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_message, sizeof(max_message)) < 0)
        return -errno;
    return 0;
}

static int link_new(struct link **linkp, struct link_context *context, const char *path, int listener,
                    int64_t max_message, int (*attach)(void *socket, const char *endpoint))
{
    struct link *link = calloc(1, sizeof(*link));
    char endpoint[256];
    int r;

    if (!link)
        return -ENOMEM;
    zmq_msg_init(&link->in);
    zmq_msg_init(&link->out);
    link->socket = zmq_socket(context, ZMQ_PAIR);
    if (!link->socket) {
        r = -errno;
        goto fail;
    }
    r = link_configure(link->socket, max_message);
    if (r == 0 && listener >= 0)
        r = link_set(link->socket, ZMQ_USE_FD, listener);
    if (r < 0)
        goto fail;
    if (snprintf(endpoint, sizeof(endpoint), "ipc://%s", path) >= (int)sizeof(endpoint)) {
        r = -ENAMETOOLONG;
        goto fail;
    }
    if (attach(link->socket, endpoint) < 0) {
        r = -errno;
        goto fail;
    }
    *linkp = link;
    return 0;
fail:
    link_free(link);
    return r;
}

int link_adopt(struct link **link, struct link_context *context, const char *path, int listener)
{
    return link_new(link, context, path, listener, CODEC_MAX_FROM_WORKER, zmq_bind);
}

int link_connect(struct link **link, struct link_context *context, const char *path)
{
    return link_new(link, context, path, -1, CODEC_MAX_TO_WORKER, zmq_connect);
}

void link_linger(struct link *link, int ms)
{
    link_set(link->socket, ZMQ_LINGER, ms);
}

struct link *link_free(struct link *link)
{
    if (!link)
        return NULL;
    zmq_msg_close(&link->in);
    zmq_msg_close(&link->out);
    if (link->socket)
        zmq_close(link->socket);
    free(link);
    return NULL;
}

int link_fd(struct link *link)
{
    int fd = -1;
    size_t bytes = sizeof(fd);

    zmq_getsockopt(link->socket, ZMQ_FD, &fd, &bytes);
    return fd;
}

bool link_readable(struct link *link)
{
    int events = 0;
    size_t bytes = sizeof(events);

    zmq_getsockopt(link->socket, ZMQ_EVENTS, &events, &bytes);
    return events & ZMQ_POLLIN;
}

void *link_reserve(struct link *link, size_t bytes)
{
    zmq_msg_close(&link->out);
    if (zmq_msg_init_size(&link->out, bytes) < 0) {
        zmq_msg_init(&link->out);
        return NULL;
    }
    return zmq_msg_data(&link->out);
}

int link_commit(struct link *link)
{
    int r;

    do
        r = zmq_msg_send(&link->out, link->socket, ZMQ_DONTWAIT);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : 0;
}

int link_receive(struct link *link, const void **bytes, size_t *n_bytes)
{
    int r;

    do
        r = zmq_msg_recv(&link->in, link->socket, ZMQ_DONTWAIT);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return -errno;
    *bytes = zmq_msg_data(&link->in);
    *n_bytes = zmq_msg_size(&link->in);
    return 0;
}

pid_t link_peer(struct link *link)
{
    /* on ipc: host:uid:gid:pid, from SO_PEERCRED */
    const char *address = zmq_msg_gets(&link->in, "Peer-Address");
    const char *pid = address ? strrchr(address, ':') : NULL;
    char *end;
    long value;

    if (!pid)
        return -1;
    value = strtol(pid + 1, &end, 10);
    return *end || end == pid + 1 ? -1 : (pid_t)value;
}
