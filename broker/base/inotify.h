/* SPDX-License-Identifier: BSD-2-Clause */
/* An inotify(7) descriptor in the loop: changes, one at a time. What is watched is its owner's to add. */
#ifndef BROKER_BASE_INOTIFY_H
#define BROKER_BASE_INOTIFY_H

#include <sys/inotify.h>

struct loop;
struct loop_source;

/* Lives inside what it belongs to, and stays where it is. */
struct inotify {
    int fd;
    struct loop *loop;
    struct loop_source *source;
    void (*changed)(void *userdata, const struct inotify_event *event);
    void *userdata;
};

/* `changed` and `userdata` are set. 0 or -errno. */
int inotify_open(struct inotify *inotify, struct loop *loop);

/* Also after a failed inotify_open(), once. */
void inotify_close(struct inotify *inotify);

#endif
