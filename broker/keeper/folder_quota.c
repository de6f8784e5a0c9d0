/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks the counter for sizes of private folders; runs in the broker. An answer may be about a quota that was
 * freed in the meantime, so a number is never used again. The counter may wait for a disk, and the broker
 * must not wait for the counter: requests for which the socket has no room stand in a line.
 */
#include "broker/keeper/folder_quota.h"

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

struct folder_quota {
    uint64_t id;
    struct folder_quotas *quotas;
    void (*exceeded)(void *userdata, int error);
    void *userdata;
    UT_hash_handle hh;
};

/* A request that is to be sent. */
struct quota_request {
    STAILQ_ENTRY(quota_request) line;
    struct counter_request request;
};

struct folder_quotas {
    int socket; /* the keeper's */
    struct loop_source *source;
    uint64_t last_id;
    struct folder_quota *list; /* hash */
    STAILQ_HEAD(, quota_request) line;
};

/* Sends one request. Returns false if the socket has no room. */
static bool quotas_send(const struct folder_quotas *quotas, const struct counter_request *request, int flags)
{
    ssize_t n;

    do
        n = send(quotas->socket, request, sizeof(*request), MSG_NOSIGNAL | flags);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN)
        keeper_lost();
    return n >= 0;
}

/* Sends what stands in line, as far as there is room. */
static void quotas_send_line(struct folder_quotas *quotas, int flags)
{
    struct quota_request *first;

    while ((first = STAILQ_FIRST(&quotas->line)) && quotas_send(quotas, &first->request, flags)) {
        STAILQ_REMOVE_HEAD(&quotas->line, line);
        free(first);
    }
    loop_modify(quotas->source, EPOLLIN | (first ? EPOLLOUT : 0));
}

static void quotas_ready(void *userdata, uint32_t events)
{
    struct folder_quotas *quotas = userdata;
    struct folder_quota *quota;
    struct counter_reply reply;
    ssize_t n = recv(quotas->socket, &reply, sizeof(reply), MSG_DONTWAIT);

    if (events & EPOLLOUT)
        quotas_send_line(quotas, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n != sizeof(reply))
        keeper_lost();
    HASH_FIND(hh, quotas->list, &reply.id, sizeof(reply.id), quota);
    if (quota && (reply.is_over || reply.error))
        quota->exceeded(quota->userdata, reply.error);
}

int folder_quotas_new(struct folder_quotas **quotasp, struct loop *loop, struct keeper *keeper)
{
    struct folder_quotas *quotas = calloc(1, sizeof(*quotas));
    int r;

    if (!quotas)
        return -ENOMEM;
    STAILQ_INIT(&quotas->line);
    quotas->socket = keeper_counter_fd(keeper);
    r = loop_add(loop, &quotas->source, quotas->socket, EPOLLIN, "sizes of private folders", quotas_ready,
                 quotas);
    if (r < 0) {
        free(quotas);
        return r;
    }
    *quotasp = quotas;
    return 0;
}

struct folder_quotas *folder_quotas_free(struct folder_quotas *quotas)
{
    struct quota_request *first;

    if (!quotas)
        return NULL;
    while ((first = STAILQ_FIRST(&quotas->line))) {
        STAILQ_REMOVE_HEAD(&quotas->line, line);
        free(first);
    }
    loop_remove(quotas->source);
    free(quotas);
    return NULL;
}

static void quotas_ask(struct folder_quotas *quotas, const struct counter_request *request)
{
    struct quota_request *last;

    if (STAILQ_EMPTY(&quotas->line) && quotas_send(quotas, request, MSG_DONTWAIT))
        return;
    last = malloc(sizeof(*last));
    if (!last) { /* rather wait than leave a folder uncounted */
        quotas_send_line(quotas, 0);
        quotas_send(quotas, request, 0);
        return;
    }
    last->request = *request;
    STAILQ_INSERT_TAIL(&quotas->line, last, line);
    loop_modify(quotas->source, EPOLLIN | EPOLLOUT);
}

int folder_quota_new(struct folder_quota **quotap, struct folder_quotas *quotas,
                     const struct folder_quota_spec *spec)
{
    struct counter_request request = {.account = spec->account, .limit = spec->max};
    struct folder_quota *quota;

    if (snprintf(request.path, sizeof(request.path), "%s", spec->path) >= (int)sizeof(request.path))
        return -ENAMETOOLONG;
    quota = calloc(1, sizeof(*quota));
    if (!quota)
        return -ENOMEM;
    quota->id = request.id = ++quotas->last_id;
    quota->quotas = quotas;
    quota->exceeded = spec->exceeded;
    quota->userdata = spec->userdata;
    HASH_ADD(hh, quotas->list, id, sizeof(quota->id), quota);
    if (!quota->hh.tbl) {
        free(quota);
        return -ENOMEM;
    }
    quotas_ask(quotas, &request);
    *quotap = quota;
    return 0;
}

struct folder_quota *folder_quota_free(struct folder_quota *quota)
{
    struct counter_request request = {.is_end = true};

    if (!quota)
        return NULL;
    request.id = quota->id;
    HASH_DEL(quota->quotas->list, quota);
    quotas_ask(quota->quotas, &request);
    free(quota);
    return NULL;
}
