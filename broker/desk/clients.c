/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends and receives control messages with libzmq, whose thread reads and writes the connections. */
#include "broker/desk/clients.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "proto/codec_control.h"

#define CLIENTS_HANDSHAKE_MS 2000
#define CLIENTS_LINGER_MS    100 /* for last messages to clients that read, such as the end of a recording */

#define CLIENTS_ID 5 /* bytes */

struct clients {
    void *context;
    void *socket;
    zmq_msg_t id;
    zmq_msg_t in;
};

static int clients_set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int clients_configure(void *socket, int64_t max_message)
{
    static const struct {
        int option;
        int value;
    } options[] = {
        {ZMQ_LINGER, 0},
        {ZMQ_SNDHWM, CLIENTS_QUEUE},
        {ZMQ_RCVHWM, CLIENTS_QUEUE},
        {ZMQ_HANDSHAKE_IVL, CLIENTS_HANDSHAKE_MS},
    };

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        int r = clients_set(socket, options[i].option, options[i].value);

        if (r < 0)
            return r;
    }
    return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_message, sizeof(max_message)) < 0 ? -errno : 0;
}

static int clients_endpoint(char *endpoint, size_t bytes, const char *path)
{
    return snprintf(endpoint, bytes, "ipc://%s", path) >= (int)bytes ? -ENAMETOOLONG : 0;
}

static int clients_bind(struct clients *clients, const char *name, int listener)
{
    char endpoint[128];
    int r = clients_configure(clients->socket, CONTROL_MAX_REQUEST);

    if (r == 0)
        r = clients_set(clients->socket, ZMQ_ROUTER_MANDATORY, 1);
    if (r == 0)
        r = clients_set(clients->socket, ZMQ_USE_FD, listener);
    if (r == 0)
        r = clients_endpoint(endpoint, sizeof(endpoint), name);
    if (r == 0 && zmq_bind(clients->socket, endpoint) < 0)
        r = -errno;
    return r;
}

int clients_new(struct clients **clientsp, const char *name, int listener)
{
    struct clients *clients = calloc(1, sizeof(*clients));
    int r;

    if (!clients)
        return -ENOMEM;
    zmq_msg_init(&clients->id);
    zmq_msg_init(&clients->in);
    clients->context = zmq_ctx_new();
    clients->socket = clients->context ? zmq_socket(clients->context, ZMQ_ROUTER) : NULL;
    r = clients->socket ? clients_bind(clients, name, listener) : -errno;
    if (r < 0) {
        clients_free(clients);
        return r;
    }
    *clientsp = clients;
    return 0;
}

struct clients *clients_free(struct clients *clients)
{
    if (!clients)
        return NULL;
    zmq_msg_close(&clients->id);
    zmq_msg_close(&clients->in);
    if (clients->socket) {
        clients_set(clients->socket, ZMQ_LINGER, CLIENTS_LINGER_MS);
        zmq_close(clients->socket);
    }
    if (clients->context)
        zmq_ctx_term(clients->context);
    free(clients);
    return NULL;
}

int clients_fd(struct clients *clients)
{
    int fd = -1;
    size_t bytes = sizeof(fd);

    zmq_getsockopt(clients->socket, ZMQ_FD, &fd, &bytes);
    return fd;
}

bool clients_readable(struct clients *clients)
{
    int events = 0;
    size_t bytes = sizeof(events);

    zmq_getsockopt(clients->socket, ZMQ_EVENTS, &events, &bytes);
    return events & ZMQ_POLLIN;
}

static int clients_take(zmq_msg_t *message, void *socket)
{
    int r;

    do
        r = zmq_msg_recv(message, socket, ZMQ_DONTWAIT);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : 0;
}

/* Reads HOST:UID:GID:PID, which on ipc libzmq makes from SO_PEERCRED; the name of a host has no colon. */
static int clients_read_peer(zmq_msg_t *message, struct desk_peer *peer)
{
    const char *address = zmq_msg_gets(message, "Peer-Address");
    const char *ids = address ? strchr(address, ':') : NULL;
    unsigned uid, gid;
    int pid, end = 0;

    if (!ids || sscanf(ids, ":%u:%u:%d%n", &uid, &gid, &pid, &end) != 3 || ids[end])
        return -EBADMSG;
    *peer = (struct desk_peer){.uid = uid, .gid = gid, .pid = pid};
    return 0;
}

/* Discards the remaining parts of a message. */
static void clients_skip(struct clients *clients)
{
    while (zmq_msg_more(&clients->in) && clients_take(&clients->in, clients->socket) == 0)
        continue;
}

/* The number of a route: an id that libzmq has made, which is a zero and four bytes. */
static uint64_t clients_number(const void *id)
{
    uint32_t number;

    memcpy(&number, (const uint8_t *)id + 1, sizeof(number));
    return UINT64_C(1) << 32 | number;
}

int clients_receive(struct clients *clients, uint64_t *from, struct desk_peer *peer, const void **bytes,
                    size_t *n_bytes)
{
    int r = clients_take(&clients->id, clients->socket);

    if (r < 0)
        return r;
    if (!zmq_msg_more(&clients->id) || clients_take(&clients->in, clients->socket) < 0)
        return -EBADMSG;
    if (zmq_msg_more(&clients->in)) {
        clients_skip(clients);
        return -EBADMSG;
    }
    /* an id that a client chose could later be another client's; those of libzmq begin with a zero */
    if (zmq_msg_size(&clients->id) != CLIENTS_ID || *(const uint8_t *)zmq_msg_data(&clients->id) != 0)
        return -EBADMSG;
    *from = clients_number(zmq_msg_data(&clients->id));
    *bytes = zmq_msg_data(&clients->in);
    *n_bytes = zmq_msg_size(&clients->in);
    return clients_read_peer(&clients->in, peer);
}

static int clients_send_id(struct clients *clients, uint64_t to)
{
    uint32_t number = (uint32_t)to;
    uint8_t id[CLIENTS_ID] = {0};

    memcpy(id + 1, &number, sizeof(number));
    return zmq_send(clients->socket, id, sizeof(id), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ? -errno : 0;
}

int clients_send(struct clients *clients, uint64_t to, const void *bytes, size_t n_bytes)
{
    int r = clients_send_id(clients, to);

    /* libzmq checks only now and then what a client has read; this makes it check */
    if (r == -EAGAIN) {
        clients_readable(clients);
        r = clients_send_id(clients, to);
    }
    if (r < 0)
        return r;
    return zmq_send(clients->socket, bytes, n_bytes, ZMQ_DONTWAIT) < 0 ? -errno : 0;
}
