/* SPDX-License-Identifier: BSD-2-Clause */
/* An inotify(7) descriptor in the loop, which reports changes one at a time. Its owner adds what is watched.
 */
#ifndef BROKER_BASE_INOTIFY_H
#define BROKER_BASE_INOTIFY_H

#include <sys/inotify.h>

struct loop;
struct loop_source;

/* Lives inside what it belongs to; its address must not change. */
struct inotify {
    int fd;
    struct loop *loop;
    struct loop_source *source;
    void (*changed)(void *userdata, const struct inotify_event *event);
    void *userdata;
};

/* Opens the descriptor; `changed` and `userdata` must be set before. 0 or -errno. */
int inotify_open(struct inotify *inotify, struct loop *loop);

/* Closes it. To be called once, also after a failed inotify_open(). */
void inotify_close(struct inotify *inotify);

#endif
