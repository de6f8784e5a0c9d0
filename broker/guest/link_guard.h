/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sees what a worker sends before libzmq does. libzmq bounds a part of a message, but not how many parts it
 * collects, keeps the end of a stream to itself, and has no hook between the socket and its decoder; so this
 * program has functions accept4() and recv() of its own, which the dynamic linker gives to libzmq. A stream
 * that is not as proto/zmtp.h allows ends there. The test for it is tests/escape/test_links.py.
 *
 * accept4() and recv() run in a thread of libzmq's; everything below is for the main thread.
 */
#ifndef BROKER_GUEST_LINK_GUARD_H
#define BROKER_GUEST_LINK_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "broker/base/hash.h"
#include "broker/base/loop.h"
#include "proto/zmtp.h"

/* One endpoint and the only connection it will have. Lives inside what it belongs to; starts as zero but for:
 */
struct guarded_link {
    /* the stream is over: cut, because something was `wrong` with it, or NULL: the worker hung up */
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

/* Once in a process: `loop` gets the calls of `ended`. -errno. */
int link_guard_start(struct loop *loop);
void link_guard_stop(void);

/* Judges the connections to the control socket, in libzmq's threads. */
struct link_guard_control {
    bool (*admits)(int fd);                                /* whether a new connection may stay */
    bool (*refuses)(int fd, const void *bytes, ssize_t n); /* whether what was read ends the connection */
};

/* Has `control`, which stays where it is, judge connections to the socket of that name (os/control_socket.h);
 * NULL: nobody does. */
void link_guard_set_control(const struct link_guard_control *control);

/* Guards what connects to the endpoint whose file has this name; before anybody can. -ENAMETOOLONG. */
int link_guard_add(struct guarded_link *link, const char *name);
void link_guard_remove(struct guarded_link *link);

/* Whether its connection came by here. If not, libzmq reads past us, and nobody may rely on anything. */
bool link_guard_has_seen(struct guarded_link *link);

#endif
