/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks each read of libzmq's. The table is small and its lock nearly always free: a few tens of
 * nanoseconds. */
#include "broker/guest/link_guard.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "broker/base/grow.h"
#include "broker/os/control_socket.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"
#include "proto/codec.h"

#define GUARD_PAUSE_NS (10 * (long)FC_NS_PER_MS)

static struct {
    pthread_mutex_t lock;
    struct guarded_link *links;    /* by name */
    struct guarded_link **streams; /* by descriptor */
    size_t n_streams;
    struct guarded_link *ended;
    int ended_fd;
    struct loop_source *source;
} guard = {.lock = PTHREAD_MUTEX_INITIALIZER, .ended_fd = -1};

static const struct link_guard_control *_Atomic guard_control;

static void guard_unlock(pthread_mutex_t **lock)
{
    pthread_mutex_unlock(*lock);
}

#define GUARD_LOCKED                                                                                         \
    pthread_mutex_t *locked __attribute__((cleanup(guard_unlock), unused)) = &guard.lock;                    \
    pthread_mutex_lock(locked)

static struct guarded_link *guard_take_ended(void)
{
    GUARD_LOCKED;
    struct guarded_link *link = guard.ended;

    if (link)
        guard.ended = link->next_ended;
    return link;
}

static void guard_told(void *userdata, uint32_t events)
{
    struct guarded_link *link;
    uint64_t count;

    (void)userdata, (void)events;
    if (read(guard.ended_fd, &count, sizeof(count)) < 0)
        return;
    while ((link = guard_take_ended()))
        link->ended(link->userdata, link->wrong);
}

int link_guard_start(struct loop *loop)
{
    guard.ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return guard.ended_fd < 0 ? -errno
                              : loop_add(loop, &guard.source, guard.ended_fd, EPOLLIN, guard_told, NULL);
}

void link_guard_stop(void)
{
    guard.source = loop_remove(guard.source);
    fc_closep(&guard.ended_fd);
    guard.ended_fd = -1;
}

void link_guard_set_control(const struct link_guard_control *control)
{
    guard_control = control;
}

int link_guard_add(struct guarded_link *link, const char *name)
{
    GUARD_LOCKED;
    if (snprintf(link->name, sizeof(link->name), "%s", name) >= (int)sizeof(link->name))
        return -ENAMETOOLONG;
    link->fd = -1;
    HASH_ADD_STR(guard.links, name, link);
    link->is_known = link->hh.tbl;
    return link->is_known ? 0 : -ENOMEM;
}

static void guard_forget_stream(struct guarded_link *link)
{
    if (link->fd >= 0)
        guard.streams[link->fd] = NULL;
    link->fd = -1;
}

void link_guard_remove(struct guarded_link *link)
{
    GUARD_LOCKED;
    if (!link->is_known)
        return;
    guard_forget_stream(link);
    for (struct guarded_link **at = &guard.ended; *at; at = &(*at)->next_ended) {
        if (*at == link) {
            *at = link->next_ended;
            break;
        }
    }
    HASH_DEL(guard.links, link);
    link->is_known = false;
    if (!guard.links) { /* it was the last one */
        free(guard.streams);
        guard.streams = NULL;
        guard.n_streams = 0;
    }
}

bool link_guard_has_seen(struct guarded_link *link)
{
    GUARD_LOCKED;
    return link->is_accepted;
}

static void guard_end(struct guarded_link *link, const char *wrong)
{
    uint64_t one = 1;

    guard_forget_stream(link);
    link->wrong = wrong;
    if (link->is_ended)
        return;
    link->is_ended = true;
    link->next_ended = guard.ended;
    guard.ended = link;
    if (write(guard.ended_fd, &one, sizeof(one)) < 0)
        return; /* impossible before the counter is full, and then it is readable */
}

static int guard_make_room(int fd)
{
    size_t n = grow_capacity(guard.n_streams, (size_t)fd + 1, 64);
    struct guarded_link **streams;

    if (n == guard.n_streams)
        return 0;
    streams = realloc(guard.streams, n * sizeof(struct guarded_link *));
    if (!streams)
        return -ENOMEM;
    memset(streams + guard.n_streams, 0, (n - guard.n_streams) * sizeof(struct guarded_link *));
    guard.streams = streams;
    guard.n_streams = n;
    return 0;
}

/* Whether libzmq may have this connection. Connections to endpoints that are not guarded are let through. */
static bool guard_admit(int fd)
{
    struct sockaddr_un address = {0};
    socklen_t bytes = sizeof(address) - 1; /* there is always a NUL */
    const struct link_guard_control *control = guard_control;
    struct guarded_link *link = NULL;
    const char *name;

    if (getsockname(fd, (struct sockaddr *)&address, &bytes) < 0 || address.sun_family != AF_UNIX)
        return true;
    name = strrchr(address.sun_path, '/');
    name = name ? name + 1 : address.sun_path;
    if (strcmp(name, CONTROL_SOCKET) == 0)
        return !control || control->admits(fd);
    GUARD_LOCKED;
    HASH_FIND_STR(guard.links, name, link);
    if (!link)
        return true;
    if (link->is_accepted || guard_make_room(fd) < 0)
        return false;
    if (guard.streams[fd]) /* closed by libzmq without a last read */
        guard.streams[fd]->fd = -1;
    guard.streams[fd] = link;
    link->fd = fd;
    link->is_accepted = true;
    return true;
}

/*
 * Takes the place of the C library's accept4(). libzmq takes ENFILE for a connection that failed, and aborts
 * at most others. While no descriptor is free, the listener stays readable: without a pause, libzmq's thread
 * would try again as fast as it can.
 */
int accept4(int fd, struct sockaddr *address, socklen_t *bytes, int flags)
{
    int accepted = (int)syscall(SYS_accept4, fd, address, bytes, flags);

    if (accepted < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
        const struct timespec pause = {.tv_nsec = GUARD_PAUSE_NS};

        nanosleep(&pause, NULL);
        errno = ENFILE;
    }
    if (accepted < 0 || guard_admit(accepted))
        return accepted;
    close(accepted);
    errno = ECONNABORTED;
    return -1;
}

/* Takes the place of the C library's recv(). */
ssize_t recv(int fd, void *buffer, size_t bytes, int flags)
{
    ssize_t n = syscall(SYS_recvfrom, fd, buffer, bytes, flags, NULL, NULL);
    int error = errno;
    const struct link_guard_control *control = guard_control;
    struct guarded_link *link;
    const char *wrong = NULL;

    if (flags || (n < 0 && (error == EAGAIN || error == EINTR)))
        return n; /* libzmq uses no flags */
    if (control && control->refuses(fd, buffer, n)) {
        errno = ECONNRESET;
        return -1;
    }
    GUARD_LOCKED;
    link = fd >= 0 && (size_t)fd < guard.n_streams ? guard.streams[fd] : NULL;
    if (link && n > 0)
        wrong = zmtp_check(&link->stream, buffer, (size_t)n, CODEC_MAX_FROM_WORKER);
    if (link && (n <= 0 || wrong))
        guard_end(link, wrong);
    errno = wrong ? ECONNRESET : error;
    return wrong ? -1 : n;
}
