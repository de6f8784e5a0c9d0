/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks what a worker sends before libzmq sees it. libzmq limits the size of a part of a message, but not
 * the number of parts that it collects; it does not tell that a stream has ended; and it has no hook between
 * the socket and its decoder. So the broker has functions accept4() and recv() of its own, which the dynamic
 * linker gives to libzmq. A stream that breaks the rules of proto/zmtp.h ends there;
 * tests/escape/test_links.py tests it.
 *
 * Runs in the broker: accept4() and recv() in a thread of libzmq's, everything below in the main thread.
 */
#ifndef BROKER_GUEST_LINK_GUARD_H
#define BROKER_GUEST_LINK_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "broker/base/hash.h"
#include "broker/base/loop.h"
#include "proto/zmtp.h"

/* An endpoint and the only connection that it will have. Zero it, and set `ended` and `userdata`. */
struct guarded_link {
    /* The stream has ended: it was cut because something was `wrong` with it; NULL: the worker hung up. */
    void (*ended)(void *userdata, const char *wrong);
    void *userdata;
    char name[64]; /* of the endpoint's file, whatever its folder */
    UT_hash_handle hh;
    struct guarded_link *next_ended;
    struct zmtp stream;
    const char *wrong;
    int fd; /* of the connection while it lasts, else -1 */
    bool is_known;
    bool is_accepted;
    bool is_ended;
};

/* Starts the guard, once in a process; `ended` is called from `loop`. -errno. */
int link_guard_start(struct loop *loop);
void link_guard_stop(void);

/* What judges connections to the control socket; called in libzmq's threads. */
struct link_guard_control {
    bool (*admits)(int fd);                                /* whether a new connection may stay */
    bool (*refuses)(int fd, const void *bytes, ssize_t n); /* whether what was read ends the connection */
};

/* Has `control`, which is borrowed, judge connections to the control socket (os/control_socket.h). NULL: none
 * is judged. */
void link_guard_set_control(const struct link_guard_control *control);

/* Guards the connection to the endpoint whose file has this name. Call it before anybody can connect.
 * -ENAMETOOLONG. */
int link_guard_add(struct guarded_link *link, const char *name);
void link_guard_remove(struct guarded_link *link);

/* Whether its connection was checked. If not, libzmq reads in another way, and nothing that comes can be
 * relied on. */
bool link_guard_has_seen(struct guarded_link *link);

#endif
