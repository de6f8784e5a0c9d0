/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decides who may connect to the control socket, how often, and what libzmq is given to read from there. A
 * connection from a uid without a role is closed before anything is said. For that, the program of the desk
 * has an accept4(), a recv() and a close() of its own, which the dynamic linker gives to libzmq. In the desk,
 * in the threads of libzmq, too.
 */
#ifndef BROKER_DESK_GUARD_H
#define BROKER_DESK_GUARD_H

#include "broker/base/loop.h"
#include "broker/desk/admits.h"

#define GUARD_CONNECTIONS 256 /* in all */
#define GUARD_PER_UID     16  /* of each uid; root and the broker's own user have twice that */
#define GUARD_KEPT        32  /* reserved for root and the broker's own user */

/* Begins, before there are threads; nobody may connect before. `admits` is borrowed for good. -errno. */
int guard_start(struct loop *loop, const struct admits *admits);

#endif
