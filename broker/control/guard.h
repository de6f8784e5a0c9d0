/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decides who may connect to the control socket, how often, and what libzmq is given to read from there; the
 * accept4() and recv() of guest/link_guard.h, which does this for workers, ask here. A connection from a uid
 * without a role is closed before anything is said. Its functions run in the threads of libzmq, too.
 */
#ifndef BROKER_CONTROL_GUARD_H
#define BROKER_CONTROL_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/loop.h"
#include "broker/config/roles.h"
#include "broker/os/control_socket.h"

#define CONTROL_GUARD_CONNECTIONS 256 /* in all */
#define CONTROL_GUARD_PER_UID     16  /* of each uid; root and the broker's own user have twice that */
#define CONTROL_GUARD_KEPT        32  /* reserved for root and the broker's own user */

/* Guards connections to the control socket from now on. `roles` is borrowed until it stops. -errno. */
int control_guard_start(struct loop *loop, const struct control_roles *roles);
void control_guard_stop(void);

#endif
