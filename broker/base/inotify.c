/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads inotify(7) events when the loop says so. */
#include "broker/base/inotify.h"

#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "broker/base/loop.h"
#include "firecurtain/cleanup.h"

#define INOTIFY_BYTES 16384 /* of events that are read in one turn of the loop */

static void inotify_ready(void *userdata, uint32_t events)
{
    struct inotify *inotify = userdata;
    _Alignas(struct inotify_event) char bytes[INOTIFY_BYTES];
    ssize_t n = read(inotify->fd, bytes, sizeof(bytes));

    (void)events;
    for (ssize_t i = 0; i < n;) {
        const struct inotify_event *event = (const struct inotify_event *)(bytes + i);

        inotify->changed(inotify->userdata, event);
        i += (ssize_t)(sizeof(*event) + event->len);
    }
}

int inotify_open(struct inotify *inotify, struct loop *loop)
{
    inotify->loop = loop;
    inotify->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (inotify->fd < 0)
        return -errno;
    return loop_add(loop, &inotify->source, inotify->fd, EPOLLIN, "changed files", inotify_ready, inotify);
}

void inotify_close(struct inotify *inotify)
{
    inotify->source = loop_remove(inotify->source);
    fc_closep(&inotify->fd);
    inotify->fd = -1;
}
