/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts gates, hears what they say, and starts another one when one has died. Runs in the broker. */
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

#include "broker/base/restart.h"
#include "broker/gate/client_private.h"
#include "broker/gate/flight.h"
#include "broker/gate/message.h"
#include "broker/gate/tell.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"
#include "proto/kernel.h"
#include "proto/pass.h"

#define CLIENT_BUDGET       16 /* notices in a turn of the loop */
#define CLIENT_RETRY_NS     (20 * FC_NS_PER_MS)
#define CLIENT_RETRY_MAX_NS (500 * FC_NS_PER_MS) /* calls wait so long, within the time of a handler */
#define CLIENT_STEADY_NS    (10 * FC_NS_PER_S)   /* a gate that lived so long is started again at once */

static void client_lost(struct gate_client *client);

/* What the gate says of one worker. A descriptor that nobody takes is closed by the caller. */
static void client_handle(struct gate_link *link, const struct gate_notice *notice, int *fd)
{
    switch ((enum gate_notice_kind)notice->kind) {
    case GATE_PLACED:
        if (gate_link_is_watching(link, notice->fd))
            link->ops->placed(link->userdata, notice->fd, notice->error ? notice->error : fc_steal_fd(fd));
        break;
    case GATE_LOG:
        fc_log(FC_LOG_WARNING, link->spec.instance, "%s", notice->text);
        break;
    case GATE_FAILED:
        link->ops->failed(link->userdata, notice->error);
        break;
    case GATE_OFFENDS:
        link->ops->offends(link->userdata, notice->waited_ns);
        break;
    case GATE_DELETED:
        link->ops->deleted(link->userdata, notice->bytes);
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
        tell_set_full(client, false);
        tell_all(client);
    }
}

/* A new gate knows nothing. */
static void client_untell_all(struct gate_client *client)
{
    struct gate_link *link, *next;

    HASH_ITER(hh, client->links, link, next) {
        link->is_told = false;
        link->is_interrupted = false;
        for (size_t i = 0; i < link->n_watches; i++)
            link->watches[i].is_told = false;
        tell_queue(link);
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
        r = loop_add(client->spec.loop, &client->source, pair[0], EPOLLIN, "a gate", client_ready, client);
    if (r < 0) {
        close(pair[0]);
        return r;
    }
    client->socket = pair[0];
    client->is_full = false;
    client->started_ns = fc_now_ns();
    client_untell_all(client);
    tell_all(client);
    return 0;
}

static void client_retry(void *userdata)
{
    struct gate_client *client = userdata;
    int r = client_start(client);

    if (r == 0)
        return;
    fc_log(FC_LOG_ERROR, NULL, "a gate cannot be started: %s", strerror(-r));
    client->retry_ns = restart_next_ns(client->retry_ns, CLIENT_RETRY_NS, CLIENT_RETRY_MAX_NS);
    loop_set_timer(client->spec.loop, &client->retry, fc_now_ns() + client->retry_ns);
}

/* The gate has died. */
static void client_lost(struct gate_client *client)
{
    uint64_t now_ns = fc_now_ns();

    client->source = loop_remove(client->source);
    fc_closep(&client->socket);
    client->socket = -1;
    if (now_ns - client->started_ns >= CLIENT_STEADY_NS)
        client->retry_ns = 0;
    client->retry_ns = restart_next_ns(client->retry_ns, CLIENT_RETRY_NS, CLIENT_RETRY_MAX_NS);
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
    client->flight = kernel_memory("flight");
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
    HASH_ITER(hh, client->links, link, next) {
        tell_free_link(link); /* those that the gate was not told of any more */
    }
    free(client);
    return NULL;
}
