/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends and receives control messages with libzmq, and learns from its monitor why a connection ended. */
#include "broker/cli/dealer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define DEALER_QUEUE        8 /* messages that may wait */
#define DEALER_HANDSHAKE_MS 2000
#define DEALER_CLOSED_MS    100 /* until it is known why a connection was closed */
/*
 * Means never: by then the client has ended. Set to never (-1), libzmq drops together with the connection
 * what the caller has not read yet.
 */
#define DEALER_RECONNECT_MS 3600000
#define DEALER_MONITOR      "inproc://control-monitor"

static int dealer_set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int dealer_configure(void *socket, int64_t max_message)
{
    static const struct {
        int option;
        int value;
    } options[] = {
        {ZMQ_LINGER, 0},
        {ZMQ_SNDHWM, DEALER_QUEUE},
        {ZMQ_RCVHWM, DEALER_QUEUE},
        {ZMQ_HANDSHAKE_IVL, DEALER_HANDSHAKE_MS},
        {ZMQ_RECONNECT_IVL, DEALER_RECONNECT_MS},
    };

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        int r = dealer_set(socket, options[i].option, options[i].value);

        if (r < 0)
            return r;
    }
    return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_message, sizeof(max_message)) < 0 ? -errno : 0;
}

static int dealer_endpoint(char *endpoint, size_t bytes, const char *path)
{
    return snprintf(endpoint, bytes, "ipc://%s", path) >= (int)bytes ? -ENAMETOOLONG : 0;
}

static int dealer_take(zmq_msg_t *message, void *socket)
{
    int r;

    do
        r = zmq_msg_recv(message, socket, ZMQ_DONTWAIT);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : 0;
}

struct dealer {
    void *context;
    void *socket;
    void *monitor;
    zmq_msg_t in;
    enum {
        DEALER_CONNECTING,
        DEALER_CONNECTED,
        DEALER_OPEN, /* the handshake is complete */
    } state;
};

static int dealer_connect(struct dealer *dealer, const char *path, size_t max_message)
{
    char endpoint[128];
    int r = dealer_configure(dealer->socket, (int64_t)max_message);

    if (r == 0)
        r = dealer_endpoint(endpoint, sizeof(endpoint), path);
    if (r < 0)
        return r;
    if (zmq_socket_monitor(dealer->socket, DEALER_MONITOR, ZMQ_EVENT_ALL) < 0)
        return -errno;
    dealer->monitor = zmq_socket(dealer->context, ZMQ_PAIR);
    if (!dealer->monitor || zmq_connect(dealer->monitor, DEALER_MONITOR) < 0)
        return -errno;
    return zmq_connect(dealer->socket, endpoint) < 0 ? -errno : 0;
}

int dealer_new(struct dealer **dealerp, const char *path, size_t max_message)
{
    struct dealer *dealer = calloc(1, sizeof(*dealer));
    int r;

    if (!dealer)
        return -ENOMEM;
    zmq_msg_init(&dealer->in);
    dealer->context = zmq_ctx_new();
    dealer->socket = dealer->context ? zmq_socket(dealer->context, ZMQ_DEALER) : NULL;
    r = dealer->socket ? dealer_connect(dealer, path, max_message) : -errno;
    if (r < 0) {
        dealer_free(dealer);
        return r;
    }
    *dealerp = dealer;
    return 0;
}

struct dealer *dealer_free(struct dealer *dealer)
{
    if (!dealer)
        return NULL;
    zmq_msg_close(&dealer->in);
    if (dealer->monitor) {
        zmq_socket_monitor(dealer->socket, NULL, 0);
        dealer_set(dealer->monitor, ZMQ_LINGER, 0);
        zmq_close(dealer->monitor);
    }
    if (dealer->socket)
        zmq_close(dealer->socket);
    if (dealer->context)
        zmq_ctx_term(dealer->context);
    free(dealer);
    return NULL;
}

/* Returns what the end of the connection means in the state of the client. */
static int dealer_ended(const struct dealer *dealer)
{
    static const int meanings[] = {
        [DEALER_CONNECTING] = -ECONNREFUSED,
        [DEALER_CONNECTED] = -EACCES,
        [DEALER_OPEN] = -ECONNRESET,
    };

    return meanings[dealer->state];
}

/* Reads the monitor's events. 0, or -errno if the connection has ended. */
static int dealer_events(struct dealer *dealer)
{
    zmq_msg_t event, address;
    int r = 0;

    zmq_msg_init(&event);
    zmq_msg_init(&address);
    while (r == 0 && dealer_take(&event, dealer->monitor) == 0) {
        uint16_t what;

        memcpy(&what, zmq_msg_data(&event), sizeof(what));
        if (zmq_msg_more(&event))
            dealer_take(&address, dealer->monitor);
        if (what == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
            dealer->state = DEALER_OPEN;
        else if (what == ZMQ_EVENT_CONNECTED)
            dealer->state = DEALER_CONNECTED;
        else if (what & (ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_CONNECT_RETRIED |
                         ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL))
            r = dealer_ended(dealer);
    }
    zmq_msg_close(&event);
    zmq_msg_close(&address);
    return r;
}

int dealer_send(struct dealer *dealer, const void *bytes, size_t n_bytes)
{
    zmq_pollitem_t monitor = {.socket = dealer->monitor, .events = ZMQ_POLLIN};
    int r = zmq_send(dealer->socket, bytes, n_bytes, ZMQ_DONTWAIT) < 0 ? -errno : 0;

    /* it may also be that the broker has closed the connection, which the caller needs to know */
    if (r == -EAGAIN && zmq_poll(&monitor, 1, DEALER_CLOSED_MS) > 0) {
        int ended = dealer_events(dealer);

        r = ended < 0 ? ended : r;
    }
    return r;
}

int dealer_receive(struct dealer *dealer, int timeout_ms, int also_fd, const void **bytes, size_t *n_bytes)
{
    zmq_pollitem_t items[] = {
        {.socket = dealer->socket, .events = ZMQ_POLLIN},
        {.socket = dealer->monitor, .events = ZMQ_POLLIN},
        {.fd = also_fd, .events = ZMQ_POLLIN},
    };

    for (;;) {
        int r = zmq_poll(items, also_fd < 0 ? 2 : 3, timeout_ms);

        if (r <= 0)
            return r < 0 ? -errno : -ETIMEDOUT;
        if (dealer_take(&dealer->in, dealer->socket) == 0) {
            *bytes = zmq_msg_data(&dealer->in);
            *n_bytes = zmq_msg_size(&dealer->in);
            return 0;
        }
        r = items[1].revents ? dealer_events(dealer) : 0;
        if (r < 0)
            return r;
        if (also_fd >= 0 && items[2].revents)
            return -EINTR;
    }
}
