/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker's side of the gates. Each link remembers what its gate has not been told yet, so nothing is
 * queued: a gate that does not read, or a new one, is told the newest.
 */
#include "broker/gate/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/base/hash.h"
#include "broker/base/log.h"
#include "broker/base/loop.h"
#include "broker/gate/flight.h"
#include "broker/gate/message.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"
#include "proto/pass.h"

#define CLIENT_BUDGET       16 /* notices in a turn of the loop */
#define CLIENT_RETRY_NS     (20 * FC_NS_PER_MS)
#define CLIENT_RETRY_MAX_NS (5 * FC_NS_PER_S)
#define CLIENT_STEADY_NS    (10 * FC_NS_PER_S) /* a gate that lived so long is started again at once */

struct client_watch {
    int fd;
    uint64_t cookie;
    bool is_told;
};

struct gate_link {
    uint64_t id;
    struct gate_client *client;
    struct gate_link_spec spec;
    const struct gate_link_ops *ops; /* NULL: the worker has ended, and the gate is to be told */
    void *userdata;
    int listener;
    bool is_told; /* the gate knows the worker */
    bool is_interrupted;
    bool is_untold;               /* in the list of links about which there is something to tell */
    struct client_watch *watches; /* GATE_MAX_ARMED of them; NULL: never needed */
    size_t n_watches;
    struct log_limit log_limit;
    struct gate_link *next_untold;
    UT_hash_handle hh;
};

struct gate_client {
    struct gate_client_spec spec;
    int socket; /* -1: there is no gate at present */
    int flight;
    struct loop_source *source;
    bool is_full;      /* the socket has no room, and its source waits for that */
    bool is_known_due; /* the gate has not been told that it knows all workers */
    struct timer retry;
    uint64_t retry_ns;
    uint64_t started_ns;
    uint64_t last_id;
    struct gate_link *links; /* hash */
    struct gate_link *untold;
    struct gate_link **last_untold;
};

static void client_lost(struct gate_client *client);

static void client_set_full(struct gate_client *client, bool is_full)
{
    if (client->is_full == is_full)
        return;
    client->is_full = is_full;
    loop_modify(client->source, is_full ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* Sends a request. Returns whether the gate has it; otherwise it is told later, perhaps by another gate. */
static bool client_send(struct gate_client *client, const void *request, size_t bytes, const int *descriptors,
                        size_t n_descriptors)
{
    int r = client->is_full
                ? -EAGAIN
                : pass_send(client->socket, request, bytes, descriptors, n_descriptors, MSG_DONTWAIT);

    if (r == -EAGAIN || r == -ENOBUFS || r == -ETOOMANYREFS)
        client_set_full(client, true);
    return r == 0; /* any other error is that of a gate that has died, which the loop notices */
}

static bool client_send_about(struct gate_link *link, enum gate_request_kind kind, int fd, uint64_t cookie)
{
    struct gate_request request = {.kind = kind, .fd = fd, .id = link->id, .cookie = cookie};

    return client_send(link->client, &request, sizeof(request), NULL, 0);
}

/* The gate alone keeps the worker's memory open. Without one the worker has ended, which others notice. */
static bool client_add(struct gate_link *link)
{
    static struct gate_add add;
    int descriptors[GATE_DESCRIPTORS_] = {[GATE_LISTENER] = link->listener, [GATE_PIDFD] = link->spec.pidfd};
    FC_AUTO_CLOSE int memory = -1;

    if (link->client->is_full)
        return false;
    memory = link->ops->open_memory(link->userdata);
    if (memory < 0)
        return true;
    descriptors[GATE_MEMORY] = memory;
    add.head = (struct gate_request){.kind = GATE_ADD, .id = link->id};
    add.connections = link->spec.connections;
    add.files = link->spec.files;
    add.log_rate = link->spec.log_rate;
    snprintf(add.instance, sizeof(add.instance), "%s", link->spec.instance);
    if (gate_write_rules(&add, link->spec.policy) < 0)
        return true;
    return client_send(link->client, &add, gate_add_bytes(&add), descriptors, GATE_DESCRIPTORS_);
}

static bool client_tell_watches(struct gate_link *link)
{
    for (size_t i = 0; i < link->n_watches; i++) {
        struct client_watch *watch = &link->watches[i];

        if (!watch->is_told && !client_send_about(link, GATE_WATCH, watch->fd, watch->cookie))
            return false;
        watch->is_told = true;
    }
    return true;
}

/* Tells everything about a worker. Returns whether that is done. */
static bool client_tell(struct gate_link *link)
{
    if (!link->ops)
        return !link->is_told || client_send_about(link, GATE_REMOVE, 0, 0);
    if (!link->is_told)
        link->is_told = client_add(link);
    if (!link->is_told)
        return false;
    if (link->is_interrupted && !client_send_about(link, GATE_INTERRUPT, 0, 0))
        return false;
    link->is_interrupted = false;
    return client_tell_watches(link);
}

static void client_free_link(struct gate_link *link)
{
    HASH_DEL(link->client->links, link);
    free(link->watches);
    free(link);
}

/* Tells all that is untold, as far as the socket has room. */
static void client_tell_all(struct gate_client *client)
{
    struct gate_request known = {.kind = GATE_KNOWN};

    while (client->socket >= 0 && client->untold && client_tell(client->untold)) {
        struct gate_link *link = client->untold;

        client->untold = link->next_untold;
        if (!client->untold)
            client->last_untold = &client->untold;
        link->is_untold = false;
        if (!link->ops)
            client_free_link(link);
    }
    if (client->socket >= 0 && !client->untold && client->is_known_due)
        client->is_known_due = !client_send(client, &known, sizeof(known), NULL, 0);
}

static void client_queue(struct gate_link *link)
{
    struct gate_client *client = link->client;

    if (link->is_untold)
        return;
    link->is_untold = true;
    link->next_untold = NULL;
    *client->last_untold = link;
    client->last_untold = &link->next_untold;
}

static void client_update(struct gate_link *link)
{
    client_queue(link);
    client_tell_all(link->client);
}

static struct client_watch *client_find_watch(struct gate_link *link, int fd)
{
    for (size_t i = 0; i < link->n_watches; i++) {
        if (link->watches[i].fd == fd)
            return &link->watches[i];
    }
    return NULL;
}

/* What the gate says of one worker. A descriptor that nobody takes is closed by the caller. */
static void client_handle(struct gate_link *link, const struct gate_notice *notice, int *fd)
{
    switch ((enum gate_notice_kind)notice->kind) {
    case GATE_PLACED:
        if (client_find_watch(link, notice->fd))
            link->ops->placed(link->userdata, notice->fd, notice->error ? notice->error : fc_steal_fd(fd));
        break;
    case GATE_LOG:
        if (log_limit_take(&link->log_limit, fc_now_ns()))
            fc_log(FC_LOG_WARNING, link->spec.instance, "%s", notice->text);
        break;
    case GATE_FAILED:
        link->ops->failed(link->userdata, notice->error);
        break;
    case GATE_OFFENDS:
        link->ops->offends(link->userdata, notice->waited_ns);
        break;
    default:
        break; /* is not sound */
    }
}

/* Receives one notice. Returns false if there is none, or the gate has gone. */
static bool client_receive(struct gate_client *client)
{
    struct gate_notice notice;
    struct gate_link *link;
    int fd = -1;
    ssize_t n = pass_receive(client->socket, &notice, sizeof(notice), &fd, 1, NULL);

    if (n == -EAGAIN)
        return false;
    if (n <= 0 || !gate_notice_is_sound(&notice, (size_t)n, fd >= 0)) {
        fc_closep(&fd);
        if (n > 0)
            fc_log(FC_LOG_ERROR, NULL, "a gate sent a malformed notice");
        client_lost(client);
        return false;
    }
    HASH_FIND(hh, client->links, &notice.id, sizeof(notice.id), link);
    if (link && link->ops)
        client_handle(link, &notice, &fd);
    fc_closep(&fd);
    return true;
}

static void client_ready(void *userdata, uint32_t events)
{
    struct gate_client *client = userdata;

    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        for (int budget = CLIENT_BUDGET; budget && client->socket >= 0 && client_receive(client); budget--)
            ;
    }
    if (client->socket >= 0 && (events & EPOLLOUT)) {
        client_set_full(client, false);
        client_tell_all(client);
    }
}

/* A new gate knows nothing. */
static void client_untell_all(struct gate_client *client)
{
    struct gate_link *link, *next;

    HASH_ITER(hh, client->links, link, next)
    {
        link->is_told = false;
        link->is_interrupted = false;
        for (size_t i = 0; i < link->n_watches; i++)
            link->watches[i].is_told = false;
        client_queue(link);
    }
    client->is_known_due = true;
}

static int client_start(struct gate_client *client)
{
    int pair[2];
    int r;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return -errno;
    fcntl(pair[1], F_SETFL, 0); /* the gate may wait for the broker */
    r = client->spec.start(client->spec.userdata, client->spec.account, pair[1], client->flight);
    close(pair[1]);
    if (r == 0)
        r = loop_add(client->spec.loop, &client->source, pair[0], EPOLLIN, client_ready, client);
    if (r < 0) {
        close(pair[0]);
        return r;
    }
    client->socket = pair[0];
    client->is_full = false;
    client->started_ns = fc_now_ns();
    client_untell_all(client);
    client_tell_all(client);
    return 0;
}

static void client_retry(void *userdata)
{
    struct gate_client *client = userdata;
    int r = client_start(client);

    if (r == 0)
        return;
    fc_log(FC_LOG_ERROR, NULL, "a gate cannot be started: %s", strerror(-r));
    client->retry_ns =
        client->retry_ns * 2 < CLIENT_RETRY_MAX_NS ? client->retry_ns * 2 : CLIENT_RETRY_MAX_NS;
    loop_set_timer(client->spec.loop, &client->retry, fc_now_ns() + client->retry_ns);
}

/* The gate has died. */
static void client_lost(struct gate_client *client)
{
    uint64_t now_ns = fc_now_ns();

    client->source = loop_remove(client->source);
    fc_closep(&client->socket);
    client->socket = -1;
    if (now_ns - client->started_ns >= CLIENT_STEADY_NS || !client->retry_ns)
        client->retry_ns = CLIENT_RETRY_NS;
    else
        client->retry_ns =
            client->retry_ns * 2 < CLIENT_RETRY_MAX_NS ? client->retry_ns * 2 : CLIENT_RETRY_MAX_NS;
    fc_log(FC_LOG_ERROR, NULL, "a gate has ended; starting another");
    loop_set_timer(client->spec.loop, &client->retry, now_ns + client->retry_ns);
}

int gate_client_new(struct gate_client **clientp, const struct gate_client_spec *spec)
{
    struct gate_client *client = calloc(1, sizeof(*client));
    int r;

    if (!client)
        return -ENOMEM;
    client->spec = *spec;
    client->socket = -1;
    client->last_untold = &client->untold;
    client->retry = (struct timer){.fn = client_retry, .userdata = client};
    client->flight = memfd_create("flight", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    r = client->flight < 0 || ftruncate(client->flight, sizeof(struct flight)) < 0 ? -errno : 0;
    if (r == 0)
        r = client_start(client);
    if (r < 0) {
        gate_client_free(client);
        return r;
    }
    *clientp = client;
    return 0;
}

struct gate_client *gate_client_free(struct gate_client *client)
{
    struct gate_link *link, *next;

    if (!client)
        return NULL;
    loop_cancel_timer(client->spec.loop, &client->retry);
    loop_remove(client->source);
    fc_closep(&client->socket);
    fc_closep(&client->flight);
    HASH_ITER(hh, client->links, link, next)
    client_free_link(link); /* those that the gate was not told of any more */
    free(client);
    return NULL;
}

static bool link_fits(const struct gate_link_spec *spec)
{
    static struct gate_add add;

    return gate_write_rules(&add, spec->policy) == 0;
}

int gate_link_new(struct gate_link **linkp, struct gate_client *client, const struct gate_link_spec *spec,
                  int listener, const struct gate_link_ops *ops, void *userdata)
{
    FC_AUTO_CLOSE int own = listener;
    struct gate_link *link = NULL;
    uint32_t lines = spec->log_rate ? spec->log_rate : UINT32_MAX;

    if (!link_fits(spec))
        return -E2BIG;
    link = calloc(1, sizeof(*link));
    if (!link)
        return -ENOMEM;
    link->id = ++client->last_id;
    link->client = client;
    link->spec = *spec;
    link->ops = ops;
    link->userdata = userdata;
    log_limit_init(&link->log_limit, lines < RATE_MAX ? lines : RATE_MAX,
                   lines < RATE_MAX ? lines : RATE_MAX);
    HASH_ADD(hh, client->links, id, sizeof(link->id), link);
    if (!link->hh.tbl) {
        free(link);
        return -ENOMEM;
    }
    link->listener = fc_steal_fd(&own);
    *linkp = link;
    client_update(link);
    return 0;
}

struct gate_link *gate_link_free(struct gate_link *link)
{
    if (!link)
        return NULL;
    fc_closep(&link->listener);
    link->listener = -1;
    link->ops = NULL;
    client_update(link);
    return NULL;
}

int gate_link_watch(struct gate_link *link, int fd, uint64_t cookie)
{
    struct client_watch *watch = client_find_watch(link, fd);

    if (!link->watches)
        link->watches = calloc(GATE_MAX_ARMED, sizeof(*link->watches));
    if (!link->watches || (!watch && link->n_watches == GATE_MAX_ARMED))
        return -ENOSPC;
    if (!watch)
        watch = &link->watches[link->n_watches++];
    *watch = (struct client_watch){.fd = fd, .cookie = cookie};
    client_update(link);
    return 0;
}

void gate_link_forget(struct gate_link *link, int fd)
{
    struct client_watch *watch = client_find_watch(link, fd);

    if (watch)
        *watch = link->watches[--link->n_watches];
}

void gate_link_interrupt(struct gate_link *link)
{
    if (!link)
        return;
    link->is_interrupted = true;
    client_update(link);
}
