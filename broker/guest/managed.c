/* SPDX-License-Identifier: BSD-2-Clause */
/* Polls the sockets that scripts have registered. */
#include "broker/guest/managed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/base/descriptors.h"
#include "broker/base/grow.h"
#include "broker/base/loop.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"

#define MANAGED_EVENTS (EPOLLIN | EPOLLRDHUP | EPOLLONESHOT)

enum managed_state {
    MANAGED_POLLED,
    MANAGED_READY,    /* the script has not been told yet */
    MANAGED_HANDLING, /* the script was told and is handling it */
};

struct managed {
    struct managed_set *set;
    uint32_t id;
    int target; /* the number of the descriptor in the worker */
    int fd;     /* our duplicate; -1: it comes later */
    enum managed_state state;
    bool end_seen; /* the script was told once that the stream has ended */
    struct loop_source *source;
};

struct managed_set {
    struct loop *loop;
    const char *instance;
    const struct managed_ops *ops;
    void *userdata;
    struct managed **list; /* MANAGED_MAX at most */
    size_t n;
};

int managed_set_new(struct managed_set **setp, struct loop *loop, const char *instance,
                    const struct managed_ops *ops, void *userdata)
{
    struct managed_set *set = calloc(1, sizeof(*set));

    if (!set)
        return -ENOMEM;
    set->loop = loop;
    set->instance = instance;
    set->ops = ops;
    set->userdata = userdata;
    *setp = set;
    return 0;
}

static void managed_remove(struct managed_set *set, size_t index)
{
    struct managed *managed = set->list[index];
    int target = managed->target;

    set->list[index] = set->list[--set->n];
    loop_remove(managed->source);
    fc_closep(&managed->fd);
    free(managed);
    for (size_t i = 0; i < set->n; i++) {
        if (set->list[i]->target == target)
            return;
    }
    if (set->ops->forgot)
        set->ops->forgot(set->userdata, target);
}

struct managed_set *managed_set_free(struct managed_set *set)
{
    if (!set)
        return NULL;
    while (set->n)
        managed_remove(set, set->n - 1);
    free(set->list);
    free(set);
    return NULL;
}

void managed_warn(const char *instance, int fd, int error)
{
    fc_log(FC_LOG_WARNING, instance, "descriptor %d cannot be managed: %s", fd, strerror(-error));
}

static size_t managed_find(const struct managed_set *set, uint32_t id)
{
    size_t i = 0;

    while (i < set->n && set->list[i]->id != id)
        i++;
    return i;
}

/* Whether it is a stream whose peer has gone and of which nothing is left to read. Takes no data. */
static bool managed_is_at_end(const struct managed *managed, uint32_t events)
{
    int type = 0;
    socklen_t bytes = sizeof(type);
    char byte;

    if (!(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
        return false;
    if (getsockopt(managed->fd, SOL_SOCKET, SO_TYPE, &type, &bytes) < 0 || type == SOCK_DGRAM)
        return false;
    if (events & EPOLLERR)
        return true; /* peeking would take the error, which is for the script to read */
    return recv(managed->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0 && errno != EAGAIN;
}

static void managed_ready(void *userdata, uint32_t events)
{
    struct managed *managed = userdata;
    struct managed_set *set = managed->set;

    errno = 0;
    if (managed_is_at_end(managed, events)) {
        if (managed->end_seen) {
            fc_log(FC_LOG_WARNING, set->instance,
                   "a managed socket was closed by its peer and is still registered; "
                   "unregistered it: call midimonster.manage(None, socket)");
            managed_remove(set, managed_find(set, managed->id));
            return;
        }
        managed->end_seen = true;
    }
    managed->state = MANAGED_READY;
    set->ops->changed(set->userdata);
}

static bool managed_is_socket(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Polls `own`, which it takes over, in place of what was polled before. */
static int managed_poll(struct managed *managed, int own)
{
    FC_AUTO_CLOSE int fd = own;
    struct loop_source *source;
    int r = managed_is_socket(fd) ? 0 : -EBADF;

    if (r == 0 && managed->fd < 0) /* only now: many may be promised while there is still room */
        r = descriptors_left(DESCRIPTORS_FOR_SCRIPTS);
    if (r == 0)
        r = loop_add(managed->set->loop, &source, fd, MANAGED_EVENTS, "a managed socket", managed_ready,
                     managed);
    if (r < 0)
        return r;
    loop_remove(managed->source);
    fc_closep(&managed->fd);
    managed->source = source;
    managed->fd = fc_steal_fd(&fd);
    managed->end_seen = false;
    if (managed->state == MANAGED_READY)
        managed->state = MANAGED_POLLED;
    return 0;
}

static int managed_add(struct managed_set *set, uint32_t id, int fd)
{
    struct managed *managed, **list;
    int own, r;

    list = grow_by_one(set->list, set->n, sizeof(struct managed *));
    if (!list)
        return -ENOMEM;
    set->list = list;
    managed = calloc(1, sizeof(*managed));
    if (!managed)
        return -ENOMEM;
    *managed = (struct managed){.set = set, .id = id, .target = fd, .fd = -1};
    set->list[set->n++] = managed;
    own = set->ops->take(set->userdata, fd);
    r = own >= 0 ? managed_poll(managed, own) : own == -EINPROGRESS ? 0 : own;
    if (r < 0)
        managed_remove(set, set->n - 1);
    return r;
}

int managed_set_change(struct managed_set *set, uint32_t id, int fd)
{
    size_t index = managed_find(set, id);

    if (fd < 0) {
        if (index < set->n)
            managed_remove(set, index);
        return 0;
    }
    if (index < set->n)
        return -EEXIST;
    if (set->n == MANAGED_MAX)
        return -ENOSPC;
    return managed_add(set, id, fd);
}

/* What was promised does not come. */
static void managed_fail(struct managed_set *set, int fd, int error)
{
    for (size_t i = set->n; i > 0; i--) {
        if (set->list[i - 1]->target != fd || set->list[i - 1]->fd >= 0)
            continue;
        managed_warn(set->instance, fd, error);
        managed_remove(set, i - 1);
    }
}

int managed_set_replaced(struct managed_set *set, int fd, int own)
{
    int r = own < 0 ? own : 0;

    for (size_t i = 0; r == 0 && i < set->n; i++) {
        int copy = set->list[i]->target == fd ? fcntl(own, F_DUPFD_CLOEXEC, 0) : -1;

        if (copy >= 0)
            r = managed_poll(set->list[i], copy);
        else if (set->list[i]->target == fd)
            r = -errno;
    }
    fc_closep(&own);
    if (r < 0)
        managed_fail(set, fd, r);
    return r;
}

bool managed_set_is_ready(const struct managed_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        if (set->list[i]->state == MANAGED_READY)
            return true;
    }
    return false;
}

size_t managed_set_take(struct managed_set *set, uint32_t ids[MANAGED_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < set->n; i++) {
        if (set->list[i]->state != MANAGED_READY)
            continue;
        set->list[i]->state = MANAGED_HANDLING;
        ids[n++] = set->list[i]->id;
    }
    return n;
}

void managed_set_handled(struct managed_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        if (set->list[i]->state != MANAGED_HANDLING)
            continue;
        set->list[i]->state = MANAGED_POLLED;
        loop_modify(set->list[i]->source, MANAGED_EVENTS);
    }
}
