/* SPDX-License-Identifier: BSD-2-Clause */
/* See state_watch.h. An answer may be about a watch that has gone meanwhile: numbers do not come again. */
#include "broker/keeper/folder_quota.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "broker/base/hash.h"
#include "broker/base/loop.h"
#include "broker/keeper/client.h"
#include "broker/keeper/counter.h"

struct folder_quota {
    uint64_t id;
    struct folder_quotas *watcher;
    void (*exceeded)(void *userdata, int error);
    void *userdata;
    UT_hash_handle hh;
};

struct folder_quotas {
    int socket; /* the keeper's */
    struct loop_source *source;
    uint64_t last_id;
    struct folder_quota *watches; /* hash */
};

static void folder_quotas_ready(void *userdata, uint32_t events)
{
    struct folder_quotas *watcher = userdata;
    struct folder_quota *watch;
    struct counter_reply reply;
    ssize_t n = recv(watcher->socket, &reply, sizeof(reply), MSG_DONTWAIT);

    (void)events;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n != sizeof(reply))
        keeper_lost();
    HASH_FIND(hh, watcher->watches, &reply.id, sizeof(reply.id), watch);
    if (watch && (reply.is_over || reply.error))
        watch->exceeded(watch->userdata, reply.error);
}

int folder_quotas_new(struct folder_quotas **watcherp, struct loop *loop, struct keeper *keeper)
{
    struct folder_quotas *watcher = calloc(1, sizeof(*watcher));
    int r;

    if (!watcher)
        return -ENOMEM;
    watcher->socket = keeper_counter_fd(keeper);
    r = loop_add(loop, &watcher->source, watcher->socket, EPOLLIN, folder_quotas_ready, watcher);
    if (r < 0) {
        free(watcher);
        return r;
    }
    *watcherp = watcher;
    return 0;
}

struct folder_quotas *folder_quotas_free(struct folder_quotas *watcher)
{
    if (!watcher)
        return NULL;
    loop_remove(watcher->source);
    free(watcher);
    return NULL;
}

static void folder_quotas_ask(struct folder_quotas *watcher, const struct counter_request *request)
{
    ssize_t n;

    do
        n = send(watcher->socket, request, sizeof(*request), MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        keeper_lost();
}

int folder_quota_new(struct folder_quota **watchp, struct folder_quotas *watcher,
                     const struct folder_quota_spec *spec)
{
    struct counter_request request = {.account = spec->account,
                                      .limit = {.bytes = spec->max_bytes, .files = spec->max_files}};
    struct folder_quota *watch;

    if (snprintf(request.path, sizeof(request.path), "%s", spec->path) >= (int)sizeof(request.path))
        return -ENAMETOOLONG;
    watch = calloc(1, sizeof(*watch));
    if (!watch)
        return -ENOMEM;
    watch->id = request.id = ++watcher->last_id;
    watch->watcher = watcher;
    watch->exceeded = spec->exceeded;
    watch->userdata = spec->userdata;
    HASH_ADD(hh, watcher->watches, id, sizeof(watch->id), watch);
    if (!watch->hh.tbl) {
        free(watch);
        return -ENOMEM;
    }
    folder_quotas_ask(watcher, &request);
    *watchp = watch;
    return 0;
}

struct folder_quota *folder_quota_free(struct folder_quota *watch)
{
    struct counter_request request = {.is_end = true};

    if (!watch)
        return NULL;
    request.id = watch->id;
    HASH_DEL(watch->watcher->watches, watch);
    folder_quotas_ask(watch->watcher, &request);
    free(watch);
    return NULL;
}
