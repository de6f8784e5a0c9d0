/* SPDX-License-Identifier: BSD-2-Clause */
/* Connects clients and broker: requests one way, replies and values the other, some of each in a turn. */
#include "broker/desk/desk.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "broker/base/log.h"
#include "broker/desk/admits.h"
#include "broker/desk/backlog.h"
#include "broker/desk/browsers.h"
#include "broker/desk/callers.h"
#include "broker/desk/clients.h"
#include "broker/desk/guard.h"
#include "broker/desk/outbound.h"
#include "broker/desk/pin.h"
#include "broker/desk/say.h"
#include "broker/desk/watches.h"
#include "broker/os/control_socket.h"
#include "firecurtain/time.h"
#include "proto/codec_control.h"
#include "proto/control_rules.h"
#include "proto/link.h"

#define DESK_TURN_BUDGET 32 /* requests, and messages of the broker, in one turn of the loop */

struct desk {
    struct loop *loop;
    struct link_buffers *buffers;
    struct link *link;
    struct loop_source *link_source;
    struct clients *clients;
    struct loop_source *clients_source;
    struct loop_task receive;
    bool is_in_turn; /* requests are being received */
    int end;         /* why the loop ended */
    struct admits admits;
    struct callers callers;
    struct codec_control *requests;
    struct codec_control *replies;
    uint8_t browse[DESK_MAX_ASKED]; /* a browser's request, as the broker gets it */
    struct outbound outbound;
    struct backlog backlog;
    struct watches watches;
    struct browsers *browsers; /* or NULL */
    struct log_limit malformed;
};

static void desk_end(struct desk *desk, int r)
{
    if (!desk->end)
        desk->end = r;
    loop_stop(desk->loop);
}

/* Listens for room in the link while something waits for it. */
static void desk_sent(struct desk *desk, int r)
{
    if (r < 0 && r != -EAGAIN)
        desk_end(desk, r);
    loop_modify(desk->link_source, outbound_waits(&desk->outbound) ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* Hands a browser a reply, which for it has to be read first. */
static int desk_send_browser(struct desk *desk, uint64_t client, const void *bytes, size_t n_bytes)
{
    struct control_reply reply;

    if (codec_control_decode_reply(desk->replies, bytes, n_bytes, &reply) < 0)
        return -EHOSTUNREACH;
    return browsers_send(desk->browsers, client, &reply);
}

static int desk_send_bytes(void *userdata, uint64_t client, const void *bytes, size_t n_bytes)
{
    struct desk *desk = userdata;

    if (browsers_is_client(client))
        return desk_send_browser(desk, client, bytes, n_bytes);
    if (!desk->is_in_turn) /* sending may clear the notification of a message that has arrived */
        loop_defer(desk->loop, &desk->receive);
    return clients_send(desk->clients, client, bytes, n_bytes);
}

static int desk_send_reply(void *userdata, uint64_t client, struct control_reply *reply)
{
    struct desk *desk = userdata;
    const void *bytes;
    size_t n_bytes;
    int r;

    if (browsers_is_client(client))
        return browsers_send(desk->browsers, client, reply);
    r = codec_control_encode_reply(desk->replies, reply, &bytes, &n_bytes);
    return r < 0 ? r : desk_send_bytes(desk, client, bytes, n_bytes);
}

static void desk_tell_sent(struct desk *desk, uint64_t client, uint64_t id)
{
    desk_sent(desk, outbound_tell_sent(&desk->outbound, client, id));
}

static void desk_gone(void *userdata, uint64_t client)
{
    struct desk *desk = userdata;

    desk_sent(desk, outbound_tell_gone(&desk->outbound, client));
}

static void desk_backlog_sent(void *userdata, uint64_t client, uint64_t id, bool is_gone)
{
    if (is_gone)
        desk_gone(userdata, client);
    else
        desk_tell_sent(userdata, client, id);
}

static void desk_say_malformed(struct desk *desk, const struct desk_peer *peer)
{
    if (log_limit_take(&desk->malformed, fc_now_ns()))
        say_warning("control: a malformed request from uid %u (pid %d)", peer->uid, peer->pid);
}

/* Has a hash take the place of the PIN of a new link. False, with the answer in `reply`, if that cannot be.
 */
static bool desk_hash_pin(struct control_request *request, char hash[CONTROL_MAX_PIN + 1],
                          struct control_reply *reply)
{
    if (!request->pin || !request->pin[0])
        return true;
    if (!pin_is_sound(request->pin)) {
        reply->outcome = CONTROL_INVALID;
        reply->text = "a PIN has 6 to 12 digits";
        return false;
    }
    if (!pin_may_hash(fc_now_ns()) || !pin_hash(request->pin, NULL, hash)) {
        reply->outcome = CONTROL_BUSY;
        reply->text = "too many PINs; try again in a second";
        return false;
    }
    request->pin = hash;
    return true;
}

/* Passes a request on, or answers one that no broker would carry out. */
static void desk_pass(struct desk *desk, uint64_t client, const struct desk_peer *peer,
                      struct control_request *request)
{
    struct desk_message message = {.type = DESK_REQUEST, .client = client, .id = request->id, .peer = *peer};
    struct control_reply reply = {.id = request->id};
    char hash[CONTROL_MAX_PIN + 1];

    if (!callers_take(&desk->callers, peer->uid, control_rules_cost(request), fc_now_ns())) {
        reply.outcome = CONTROL_BUSY;
        reply.text = "too many requests; try again later";
        desk_send_reply(desk, client, &reply);
        return;
    }
    if (!control_rules_check(request, &reply) || !desk_hash_pin(request, hash, &reply)) {
        desk_send_reply(desk, client, &reply);
        return;
    }
    /* encoded anew: no byte that a client has sent goes further than this */
    if (codec_control_encode_request(desk->replies, request, &message.bytes, &message.n_bytes) == 0)
        desk_sent(desk, outbound_ask(&desk->outbound, &message));
}

/* Receives one request; -EAGAIN when there is none. */
static int desk_receive(struct desk *desk)
{
    struct control_request request;
    struct desk_peer peer = {.uid = (uid_t)-1};
    uint64_t client;
    const void *bytes;
    size_t n_bytes;
    int r = clients_receive(desk->clients, &client, &peer, &bytes, &n_bytes);

    if (r == -EAGAIN)
        return r;
    if (r == 0 && !admits_find(&desk->admits, peer.uid, peer.gid))
        return 0; /* the guard should not have let it in */
    if (r < 0 || codec_control_decode_request(desk->requests, bytes, n_bytes, &request) < 0)
        desk_say_malformed(desk, &peer);
    else
        desk_pass(desk, client, &peer, &request);
    return 0;
}

/* Receives what the budget allows. Returns whether there may be more. */
static bool desk_receive_some(struct desk *desk)
{
    for (size_t i = 0; i < DESK_TURN_BUDGET; i++) {
        if (desk->outbound.has_request || desk_receive(desk) == -EAGAIN)
            return false;
    }
    return clients_readable(desk->clients);
}

static void desk_turn(void *userdata)
{
    struct desk *desk = userdata;
    bool is_more;

    desk->is_in_turn = true;
    is_more = desk_receive_some(desk);
    desk->is_in_turn = false;
    if (is_more)
        loop_defer(desk->loop, &desk->receive);
}

static void desk_clients_ready(void *userdata, uint32_t events)
{
    (void)events;
    desk_turn(userdata);
}

static int desk_watch(struct desk *desk, const struct desk_message *message)
{
    struct control_request request;
    int r = codec_control_decode_request(desk->requests, message->bytes, message->n_bytes, &request);

    if (r < 0 || !request.n_names)
        return -EBADMSG;
    if (watches_begin(&desk->watches, message->number, message->client, &request) < 0)
        desk_gone(desk, message->client); /* the broker frees the place */
    return 0;
}

/* Carries out what the broker says. */
static int desk_take(struct desk *desk, const struct desk_message *message)
{
    switch (message->type) {
    case DESK_NAMES:
        if (desk->browsers)
            browsers_set_names(desk->browsers, message->bytes, message->n_bytes);
        return 0;
    case DESK_REPLY:
        desk_send_bytes(desk, message->client, message->bytes, message->n_bytes);
        return 0;
    case DESK_STREAM:
        if (backlog_send(&desk->backlog, message) < 0)
            desk_tell_sent(desk, message->client, message->id);
        return 0;
    case DESK_WATCH:
        return desk_watch(desk, message);
    case DESK_UNWATCH:
        watches_end(&desk->watches, message->number);
        return 0;
    case DESK_KNOWN:
        watches_know(&desk->watches);
        return 0;
    case DESK_VALUES:
        return watches_take(&desk->watches, message->number, message->bytes, message->n_bytes);
    default:
        return -EBADMSG;
    }
}

static void desk_link_ready(void *userdata, uint32_t events)
{
    struct desk *desk = userdata;
    struct desk_message message;
    int r = 0;

    if (events & EPOLLOUT) {
        desk_sent(desk, outbound_flush(&desk->outbound));
        loop_defer(desk->loop, &desk->receive);
    }
    for (size_t i = 0; r == 0 && i < DESK_TURN_BUDGET; i++) {
        r = desk_message_receive(desk->link, false, &message);
        if (r == 0)
            r = desk_take(desk, &message);
    }
    if (r < 0 && r != -EAGAIN)
        desk_end(desk, r);
}

/* Waits for the first message, which says who may connect. */
static int desk_read_admits(struct desk *desk)
{
    struct pollfd readable = {.fd = link_fd(desk->link), .events = POLLIN};
    struct desk_message message;
    int r;

    while (poll(&readable, 1, -1) < 0 && errno == EINTR)
        continue;
    r = desk_message_receive(desk->link, false, &message);
    if (r == 0 && message.type != DESK_ADMIT)
        r = -EBADMSG;
    return r < 0 ? r : admits_read(&desk->admits, message.bytes, message.n_bytes);
}

static int desk_open(struct desk *desk)
{
    int r = link_buffers_new(&desk->buffers);

    if (r == 0)
        r = link_new(&desk->link, desk->buffers, DESK_LINK);
    if (r == 0)
        r = codec_control_new(&desk->requests);
    if (r == 0)
        r = codec_control_new(&desk->replies);
    if (r == 0)
        r = desk_read_admits(desk);
    if (r == 0)
        r = guard_start(desk->loop, &desk->admits);
    if (r == 0)
        r = clients_new(&desk->clients, CONTROL_SOCKET, DESK_LISTENER);
    if (r == 0)
        r = loop_add(desk->loop, &desk->link_source, link_fd(desk->link), EPOLLIN, "the link",
                     desk_link_ready, desk);
    if (r == 0)
        r = loop_add(desk->loop, &desk->clients_source, clients_fd(desk->clients), EPOLLIN, "clients",
                     desk_clients_ready, desk);
    return r;
}

/* Passes on what a browser asks, unless the broker has not taken the request before. */
static bool desk_browse(void *userdata, uint64_t client, const struct desk_browser *browser,
                        const struct control_request *request)
{
    struct desk *desk = userdata;
    struct desk_message message = {.type = DESK_BROWSE, .client = client, .id = request->id};
    struct control_request read;
    const void *bytes;
    size_t n_bytes;

    if (desk->outbound.has_request ||
        codec_control_encode_request(desk->requests, request, &bytes, &n_bytes) < 0)
        return false;
    memcpy(desk->browse, browser, sizeof(*browser));
    memcpy(desk->browse + sizeof(*browser), bytes, n_bytes);
    /* as the broker will read it: it kills a desk that sends what is malformed */
    if (codec_control_decode_request(desk->requests, desk->browse + sizeof(*browser), n_bytes, &read) < 0)
        return false;
    message.bytes = desk->browse;
    message.n_bytes = sizeof(*browser) + n_bytes;
    desk_sent(desk, outbound_ask(&desk->outbound, &message));
    return true;
}

static void desk_browser_gone(void *userdata, uint64_t client)
{
    struct desk *desk = userdata;

    watches_leave(&desk->watches, client);
    desk_gone(desk, client);
}

/* Serves browsers, if the broker has a socket for them. */
static int desk_open_console(struct desk *desk)
{
    return browsers_new(&desk->browsers, &(struct browsers_spec){.loop = desk->loop,
                                                                 .listener = DESK_CONSOLE_LISTENER,
                                                                 .pass = desk_browse,
                                                                 .gone = desk_browser_gone,
                                                                 .userdata = desk});
}

static void desk_init(struct desk *desk, struct loop *loop)
{
    desk->loop = loop;
    desk->receive = (struct loop_task){.fn = desk_turn, .userdata = desk};
    log_limit_init(&desk->malformed, 5, 1);
    backlog_init(&desk->backlog, &(struct backlog_spec){.loop = loop,
                                                        .send = desk_send_bytes,
                                                        .sent = desk_backlog_sent,
                                                        .userdata = desk});
    watches_init(&desk->watches, &(struct watches_spec){.loop = loop,
                                                        .send = desk_send_reply,
                                                        .gone = desk_gone,
                                                        .userdata = desk});
}

static void desk_close(struct desk *desk)
{
    browsers_free(desk->browsers);
    backlog_deinit(&desk->backlog);
    watches_deinit(&desk->watches);
    loop_cancel_task(&desk->receive);
    loop_remove(desk->clients_source);
    loop_remove(desk->link_source);
    clients_free(desk->clients);
    link_free(desk->link);
    link_buffers_free(desk->buffers);
    codec_control_free(desk->requests);
    codec_control_free(desk->replies);
}

int desk_serve(struct loop *loop, bool has_console)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    int r;

    if (!desk)
        return -ENOMEM;
    desk_init(desk, loop);
    r = desk_open(desk);
    desk->outbound.link = desk->link;
    if (r == 0 && has_console)
        r = desk_open_console(desk);
    if (r == 0) {
        loop_defer(loop, &desk->receive);
        r = loop_run(loop);
    }
    if (r == 0)
        r = desk->end == -EPIPE ? 0 : desk->end; /* the broker has ended */
    desk_close(desk);
    free(desk);
    return r;
}
