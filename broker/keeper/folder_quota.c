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

struct state_watch {
    uint64_t id;
    struct state_watcher *watcher;
    void (*exceeded)(void *userdata, int error);
    void *userdata;
    UT_hash_handle hh;
};

struct state_watcher {
    int socket; /* the keeper's */
    struct loop_source *source;
    uint64_t last_id;
    struct state_watch *watches; /* hash */
};

static void state_watcher_ready(void *userdata, uint32_t events)
{
    struct state_watcher *watcher = userdata;
    struct state_watch *watch;
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

int state_watcher_new(struct state_watcher **watcherp, struct loop *loop, struct keeper *keeper)
{
    struct state_watcher *watcher = calloc(1, sizeof(*watcher));
    int r;

    if (!watcher)
        return -ENOMEM;
    watcher->socket = keeper_counter_fd(keeper);
    r = loop_add(loop, &watcher->source, watcher->socket, EPOLLIN, state_watcher_ready, watcher);
    if (r < 0) {
        free(watcher);
        return r;
    }
    *watcherp = watcher;
    return 0;
}

struct state_watcher *state_watcher_free(struct state_watcher *watcher)
{
    if (!watcher)
        return NULL;
    loop_remove(watcher->source);
    free(watcher);
    return NULL;
}

static void state_watcher_ask(struct state_watcher *watcher, const struct counter_request *request)
{
    ssize_t n;

    do
        n = send(watcher->socket, request, sizeof(*request), MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        keeper_lost();
}

int state_watch_new(struct state_watch **watchp, struct state_watcher *watcher,
                    const struct state_watch_spec *spec)
{
    struct counter_request request = {.account = spec->account,
                                      .limit = {.bytes = spec->max_bytes, .files = spec->max_files}};
    struct state_watch *watch;

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
    state_watcher_ask(watcher, &request);
    *watchp = watch;
    return 0;
}

struct state_watch *state_watch_free(struct state_watch *watch)
{
    struct counter_request request = {.is_end = true};

    if (!watch)
        return NULL;
    request.id = watch->id;
    HASH_DEL(watch->watcher->watches, watch);
    state_watcher_ask(watch->watcher, &request);
    free(watch);
    return NULL;
}
