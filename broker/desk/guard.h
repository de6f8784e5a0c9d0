/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decides who may connect to the control socket, how often, and what libzmq is given to read from there. A
 * connection from a uid without a role is closed before anything is said. For that, the program of the desk
 * has functions in the place of the C library's (stand_ins.c), which do what is here. In the desk, in the
 * threads of libzmq, too.
 */
#ifndef BROKER_DESK_GUARD_H
#define BROKER_DESK_GUARD_H

#include <sys/socket.h>
#include <sys/types.h>

#include "broker/base/loop.h"
#include "broker/desk/admits.h"

#define GUARD_CONNECTIONS 256 /* in all */
#define GUARD_PER_UID     16  /* of each uid; root and the broker's own user have twice that */
#define GUARD_KEPT        32  /* reserved for root and the broker's own user */

/* Begins, before there are threads; nobody may connect before. `admits` is borrowed for good. -errno. */
int guard_start(struct loop *loop, const struct admits *admits);

/* As accept4(), recv() and close() are to be for the desk: what libzmq does with connections to the control
 * socket is decided here, and everything else is as usual. They may wait, since libzmq's threads may. */
int guard_accept(int fd, struct sockaddr *address, socklen_t *bytes, int flags);
ssize_t guard_receive(int fd, void *buffer, size_t bytes, int flags);
int guard_close(int fd);

#endif
