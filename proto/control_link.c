/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends and receives control messages with libzmq, and learns from its monitor why a connection ended. */
#include "proto/control_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "proto/codec_control.h"

#define CONTROL_HANDSHAKE_MS 2000
#define CONTROL_LINGER_MS    100 /* for last messages to clients that read, such as the end of a recording */
/*
 * Means never: by then the client has ended. Set to never (-1), libzmq drops together with the connection
 * what the caller has not read yet.
 */
#define CONTROL_RECONNECT_MS 3600000
#define CONTROL_MONITOR      "inproc://control-monitor"

struct control_server {
    void *context;
    void *socket;
    zmq_msg_t id;
    zmq_msg_t in;
};

static int control_set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int control_configure(void *socket, int64_t max_message)
{
    static const struct {
        int option;
        int value;
    } options[] = {
        {ZMQ_LINGER, 0},
        {ZMQ_SNDHWM, CONTROL_LINK_QUEUE},
        {ZMQ_RCVHWM, CONTROL_LINK_QUEUE},
        {ZMQ_HANDSHAKE_IVL, CONTROL_HANDSHAKE_MS},
        {ZMQ_RECONNECT_IVL, CONTROL_RECONNECT_MS},
    };

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        int r = control_set(socket, options[i].option, options[i].value);

        if (r < 0)
            return r;
    }
    return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_message, sizeof(max_message)) < 0 ? -errno : 0;
}

static int control_endpoint(char *endpoint, size_t bytes, const char *path)
{
    return snprintf(endpoint, bytes, "ipc://%s", path) >= (int)bytes ? -ENAMETOOLONG : 0;
}

static int control_server_bind(struct control_server *server, const char *name, int listener)
{
    char endpoint[128];
    int r = control_configure(server->socket, CONTROL_MAX_REQUEST);

    if (r == 0)
        r = control_set(server->socket, ZMQ_ROUTER_MANDATORY, 1);
    if (r == 0)
        r = control_set(server->socket, ZMQ_USE_FD, listener);
    if (r == 0)
        r = control_endpoint(endpoint, sizeof(endpoint), name);
    if (r == 0 && zmq_bind(server->socket, endpoint) < 0)
        r = -errno;
    return r;
}

int control_server_new(struct control_server **serverp, const char *name, int listener)
{
    struct control_server *server = calloc(1, sizeof(*server));
    int r;

    if (!server)
        return -ENOMEM;
    zmq_msg_init(&server->id);
    zmq_msg_init(&server->in);
    server->context = zmq_ctx_new();
    server->socket = server->context ? zmq_socket(server->context, ZMQ_ROUTER) : NULL;
    r = server->socket ? control_server_bind(server, name, listener) : -errno;
    if (r < 0) {
        control_server_free(server);
        return r;
    }
    *serverp = server;
    return 0;
}

struct control_server *control_server_free(struct control_server *server)
{
    if (!server)
        return NULL;
    zmq_msg_close(&server->id);
    zmq_msg_close(&server->in);
    if (server->socket) {
        control_set(server->socket, ZMQ_LINGER, CONTROL_LINGER_MS);
        zmq_close(server->socket);
    }
    if (server->context)
        zmq_ctx_term(server->context);
    free(server);
    return NULL;
}

int control_server_fd(struct control_server *server)
{
    int fd = -1;
    size_t bytes = sizeof(fd);

    zmq_getsockopt(server->socket, ZMQ_FD, &fd, &bytes);
    return fd;
}

bool control_server_readable(struct control_server *server)
{
    int events = 0;
    size_t bytes = sizeof(events);

    zmq_getsockopt(server->socket, ZMQ_EVENTS, &events, &bytes);
    return events & ZMQ_POLLIN;
}

static int control_receive(zmq_msg_t *message, void *socket)
{
    int r;

    do
        r = zmq_msg_recv(message, socket, ZMQ_DONTWAIT);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : 0;
}

/* Reads HOST:UID:GID:PID, which on ipc libzmq makes from SO_PEERCRED; the name of a host has no colon. */
static int control_read_peer(zmq_msg_t *message, struct control_peer *peer)
{
    const char *address = zmq_msg_gets(message, "Peer-Address");
    const char *ids = address ? strchr(address, ':') : NULL;
    unsigned uid, gid;
    int pid, end = 0;

    if (!ids || sscanf(ids, ":%u:%u:%d%n", &uid, &gid, &pid, &end) != 3 || ids[end])
        return -EBADMSG;
    *peer = (struct control_peer){.uid = uid, .gid = gid, .pid = pid};
    return 0;
}

/* Discards the remaining parts of a message. */
static void control_skip(struct control_server *server)
{
    while (zmq_msg_more(&server->in) && control_receive(&server->in, server->socket) == 0)
        continue;
}

int control_server_receive(struct control_server *server, struct control_route_id *from,
                           struct control_peer *peer, const void **bytes, size_t *n_bytes)
{
    int r = control_receive(&server->id, server->socket);

    if (r < 0)
        return r;
    if (!zmq_msg_more(&server->id) || control_receive(&server->in, server->socket) < 0)
        return -EBADMSG;
    if (zmq_msg_more(&server->in)) {
        control_skip(server);
        return -EBADMSG;
    }
    /* an id that a client chose could later be another client's; those of libzmq begin with a zero */
    if (zmq_msg_size(&server->id) != sizeof(from->bytes) || *(const uint8_t *)zmq_msg_data(&server->id) != 0)
        return -EBADMSG;
    memcpy(from->bytes, zmq_msg_data(&server->id), sizeof(from->bytes));
    *bytes = zmq_msg_data(&server->in);
    *n_bytes = zmq_msg_size(&server->in);
    return control_read_peer(&server->in, peer);
}

static int control_send_id(struct control_server *server, const struct control_route_id *to)
{
    return zmq_send(server->socket, to->bytes, sizeof(to->bytes), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ? -errno
                                                                                                  : 0;
}

int control_server_send(struct control_server *server, const struct control_route_id *to, const void *bytes,
                        size_t n_bytes)
{
    int r = control_send_id(server, to);

    /* libzmq checks only now and then what a client has read; this makes it check */
    if (r == -EAGAIN) {
        control_server_readable(server);
        r = control_send_id(server, to);
    }
    if (r < 0)
        return r;
    return zmq_send(server->socket, bytes, n_bytes, ZMQ_DONTWAIT) < 0 ? -errno : 0;
}

struct control_client {
    void *context;
    void *socket;
    void *monitor;
    zmq_msg_t in;
    enum {
        CLIENT_CONNECTING,
        CLIENT_CONNECTED,
        CLIENT_OPEN, /* the handshake is complete */
    } state;
};

static int control_client_connect(struct control_client *client, const char *path, size_t max_message)
{
    char endpoint[128];
    int r = control_configure(client->socket, (int64_t)max_message);

    if (r == 0)
        r = control_endpoint(endpoint, sizeof(endpoint), path);
    if (r < 0)
        return r;
    if (zmq_socket_monitor(client->socket, CONTROL_MONITOR, ZMQ_EVENT_ALL) < 0)
        return -errno;
    client->monitor = zmq_socket(client->context, ZMQ_PAIR);
    if (!client->monitor || zmq_connect(client->monitor, CONTROL_MONITOR) < 0)
        return -errno;
    return zmq_connect(client->socket, endpoint) < 0 ? -errno : 0;
}

int control_client_new(struct control_client **clientp, const char *path, size_t max_message)
{
    struct control_client *client = calloc(1, sizeof(*client));
    int r;

    if (!client)
        return -ENOMEM;
    zmq_msg_init(&client->in);
    client->context = zmq_ctx_new();
    client->socket = client->context ? zmq_socket(client->context, ZMQ_DEALER) : NULL;
    r = client->socket ? control_client_connect(client, path, max_message) : -errno;
    if (r < 0) {
        control_client_free(client);
        return r;
    }
    *clientp = client;
    return 0;
}

struct control_client *control_client_free(struct control_client *client)
{
    if (!client)
        return NULL;
    zmq_msg_close(&client->in);
    if (client->monitor) {
        zmq_socket_monitor(client->socket, NULL, 0);
        control_set(client->monitor, ZMQ_LINGER, 0);
        zmq_close(client->monitor);
    }
    if (client->socket)
        zmq_close(client->socket);
    if (client->context)
        zmq_ctx_term(client->context);
    free(client);
    return NULL;
}

/* Returns what the end of the connection means in the state of the client. */
static int control_client_ended(const struct control_client *client)
{
    static const int meanings[] = {
        [CLIENT_CONNECTING] = -ECONNREFUSED,
        [CLIENT_CONNECTED] = -EACCES,
        [CLIENT_OPEN] = -ECONNRESET,
    };

    return meanings[client->state];
}

/* Reads the monitor's events. 0, or -errno if the connection has ended. */
static int control_client_events(struct control_client *client)
{
    zmq_msg_t event, address;
    int r = 0;

    zmq_msg_init(&event);
    zmq_msg_init(&address);
    while (r == 0 && control_receive(&event, client->monitor) == 0) {
        uint16_t what;

        memcpy(&what, zmq_msg_data(&event), sizeof(what));
        if (zmq_msg_more(&event))
            control_receive(&address, client->monitor);
        if (what == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
            client->state = CLIENT_OPEN;
        else if (what == ZMQ_EVENT_CONNECTED)
            client->state = CLIENT_CONNECTED;
        else if (what & (ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_CONNECT_RETRIED |
                         ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL))
            r = control_client_ended(client);
    }
    zmq_msg_close(&event);
    zmq_msg_close(&address);
    return r;
}

int control_client_send(struct control_client *client, const void *bytes, size_t n_bytes)
{
    zmq_pollitem_t monitor = {.socket = client->monitor, .events = ZMQ_POLLIN};
    int r = zmq_send(client->socket, bytes, n_bytes, ZMQ_DONTWAIT) < 0 ? -errno : 0;

    /* it may also be that the broker has closed the connection, which the caller needs to know */
    if (r == -EAGAIN && zmq_poll(&monitor, 1, CONTROL_LINGER_MS) > 0) {
        int ended = control_client_events(client);

        r = ended < 0 ? ended : r;
    }
    return r;
}

int control_client_receive(struct control_client *client, int timeout_ms, int also_fd, const void **bytes,
                           size_t *n_bytes)
{
    zmq_pollitem_t items[] = {
        {.socket = client->socket, .events = ZMQ_POLLIN},
        {.socket = client->monitor, .events = ZMQ_POLLIN},
        {.fd = also_fd, .events = ZMQ_POLLIN},
    };

    for (;;) {
        int r = zmq_poll(items, also_fd < 0 ? 2 : 3, timeout_ms);

        if (r <= 0)
            return r < 0 ? -errno : -ETIMEDOUT;
        if (control_receive(&client->in, client->socket) == 0) {
            *bytes = zmq_msg_data(&client->in);
            *n_bytes = zmq_msg_size(&client->in);
            return 0;
        }
        r = items[1].revents ? control_client_events(client) : 0;
        if (r < 0)
            return r;
        if (also_fd >= 0 && items[2].revents)
            return -EINTR;
    }
}
