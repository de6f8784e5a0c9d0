/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may connect to the control socket, how often, and what libzmq is given to read from there: as
 * link_guard.h is for workers, whose functions accept4() and recv() ask here. Somebody without a role is hung
 * up on before anything is said.
 */
#ifndef BROKER_CONTROL_GUARD_H
#define BROKER_CONTROL_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/loop.h"
#include "broker/config/roles.h"
#include "broker/os/control_socket.h"

#define CONTROL_GUARD_CONNECTIONS 256 /* in all, … */
#define CONTROL_GUARD_PER_UID     16 /* … of one uid but root and the broker's own, which have twice that, … */
#define CONTROL_GUARD_KEPT        32 /* … and for which so many are kept free of others */

/*
 * Once in a process: guards connections to a socket of that name from here on. `roles` is borrowed until
 * control_guard_stop(). -errno.
 */
int control_guard_start(struct loop *loop, const struct control_roles *roles);
void control_guard_stop(void);

#endif
