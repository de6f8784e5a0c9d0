/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks the counter for sizes of private folders and memory of workers; runs in the broker. An answer may be
 * about a quota that was freed in the meantime, so a number is never used again. The counter may wait for a
 * disk, and the broker must not wait for the counter: requests for which the socket has no room stand in a
 * line.
 */
#include "broker/keeper/counter_client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "broker/base/hash.h"
#include "broker/base/loop.h"
#include "broker/keeper/client.h"
#include "broker/keeper/counter.h"

struct counter_quota {
    uint64_t id;
    struct counter_client *client;
    /* NULL: it is about memory */
    void (*folder_exceeded)(void *userdata, int error, const struct folder_excess *excess);
    void (*memory_changed)(void *userdata, const struct memory_use *use);
    void (*memory_exceeded)(void *userdata, const struct memory_use *use);
    void (*memory_failed)(void *userdata, int error);
    void *userdata;
    UT_hash_handle hh;
};

/* A request that is to be sent. */
struct counter_waiting {
    STAILQ_ENTRY(counter_waiting) line;
    struct counter_request request;
};

struct counter_client {
    int socket; /* the keeper's */
    struct loop_source *source;
    uint64_t last_id;
    struct counter_quota *list; /* hash */
    STAILQ_HEAD(, counter_waiting) line;
};

/* Sends one request. Returns false if the socket has no room. */
static bool counter_client_send(const struct counter_client *client, const struct counter_request *request,
                                int flags)
{
    ssize_t n;

    do
        n = send(client->socket, request, sizeof(*request), MSG_NOSIGNAL | flags);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN)
        keeper_lost();
    return n >= 0;
}

/* Sends what stands in line, as far as there is room. */
static void counter_client_send_line(struct counter_client *client, int flags)
{
    struct counter_waiting *first;

    while ((first = STAILQ_FIRST(&client->line)) && counter_client_send(client, &first->request, flags)) {
        STAILQ_REMOVE_HEAD(&client->line, line);
        free(first);
    }
    loop_modify(client->source, EPOLLIN | (first ? EPOLLOUT : 0));
}

static void counter_client_tell(struct counter_quota *quota, const struct counter_reply *reply)
{
    if (quota->folder_exceeded) {
        if (reply->is_over || reply->error)
            quota->folder_exceeded(quota->userdata, reply->error, &reply->excess);
    } else if (reply->error) {
        quota->memory_failed(quota->userdata, reply->error);
    } else if (reply->is_over) {
        quota->memory_exceeded(quota->userdata, &reply->use);
    } else if (reply->use.page_bytes) {
        quota->memory_changed(quota->userdata, &reply->use);
    }
}

static void counter_client_ready(void *userdata, uint32_t events)
{
    struct counter_client *client = userdata;
    struct counter_quota *quota;
    struct counter_reply reply;
    ssize_t n = recv(client->socket, &reply, sizeof(reply), MSG_DONTWAIT);

    if (events & EPOLLOUT)
        counter_client_send_line(client, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n != sizeof(reply))
        keeper_lost();
    HASH_FIND(hh, client->list, &reply.id, sizeof(reply.id), quota);
    if (quota)
        counter_client_tell(quota, &reply);
}

int counter_client_new(struct counter_client **clientp, struct loop *loop, struct keeper *keeper)
{
    struct counter_client *client = calloc(1, sizeof(*client));
    int r;

    if (!client)
        return -ENOMEM;
    STAILQ_INIT(&client->line);
    client->socket = keeper_counter_fd(keeper);
    r = loop_add(loop, &client->source, client->socket, EPOLLIN, "the counter", counter_client_ready, client);
    if (r < 0) {
        free(client);
        return r;
    }
    *clientp = client;
    return 0;
}

struct counter_client *counter_client_free(struct counter_client *client)
{
    struct counter_waiting *first;

    if (!client)
        return NULL;
    while ((first = STAILQ_FIRST(&client->line))) {
        STAILQ_REMOVE_HEAD(&client->line, line);
        free(first);
    }
    loop_remove(client->source);
    free(client);
    return NULL;
}

static void counter_client_ask(struct counter_client *client, const struct counter_request *request)
{
    struct counter_waiting *last;

    if (STAILQ_EMPTY(&client->line) && counter_client_send(client, request, MSG_DONTWAIT))
        return;
    last = malloc(sizeof(*last));
    if (!last) { /* rather wait than leave something uncounted */
        counter_client_send_line(client, 0);
        counter_client_send(client, request, 0);
        return;
    }
    last->request = *request;
    STAILQ_INSERT_TAIL(&client->line, last, line);
    loop_modify(client->source, EPOLLIN | EPOLLOUT);
}

/* Makes a quota like `filled`, and asks for it. 0 or -ENOMEM. */
static int quota_new(struct counter_quota **quotap, const struct counter_quota *filled,
                     struct counter_request *request)
{
    struct counter_client *client = filled->client;
    struct counter_quota *quota = calloc(1, sizeof(*quota));

    if (!quota)
        return -ENOMEM;
    *quota = *filled;
    quota->id = request->id = ++client->last_id;
    HASH_ADD(hh, client->list, id, sizeof(quota->id), quota);
    if (!quota->hh.tbl) {
        free(quota);
        return -ENOMEM;
    }
    counter_client_ask(client, request);
    *quotap = quota;
    return 0;
}

int folder_quota_new(struct counter_quota **quota, struct counter_client *client,
                     const struct folder_quota_spec *spec)
{
    struct counter_request request = {.kind = COUNTER_FOLDER, .account = spec->account, .limit = spec->max};
    const struct counter_quota filled = {.client = client,
                                         .folder_exceeded = spec->exceeded,
                                         .userdata = spec->userdata};

    if (snprintf(request.path, sizeof(request.path), "%s", spec->path) >= (int)sizeof(request.path))
        return -ENAMETOOLONG;
    return quota_new(quota, &filled, &request);
}

int memory_quota_new(struct counter_quota **quota, struct counter_client *client,
                     const struct memory_quota_spec *spec)
{
    struct counter_request request = {.kind = COUNTER_MEMORY,
                                      .pid = spec->pid,
                                      .limit = {.bytes = spec->max_bytes}};
    const struct counter_quota filled = {.client = client,
                                         .memory_changed = spec->changed,
                                         .memory_exceeded = spec->exceeded,
                                         .memory_failed = spec->failed,
                                         .userdata = spec->userdata};

    return quota_new(quota, &filled, &request);
}

struct counter_quota *counter_quota_free(struct counter_quota *quota)
{
    struct counter_request request = {.kind = COUNTER_END};

    if (!quota)
        return NULL;
    request.id = quota->id;
    HASH_DEL(quota->client->list, quota);
    counter_client_ask(quota->client, &request);
    free(quota);
    return NULL;
}
