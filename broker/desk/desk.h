/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The desk: where requests from outside arrive. A process of its own, in the program firecurtain-desk, which
 * the keeper starts, and starts again when it has died. It holds the control socket and whoever is connected,
 * reads and checks what they send, limits how much each uid may ask, matches the patterns of watches, and
 * waits for slow clients. Sound requests go to the broker over one link, with the caller's uid as the kernel
 * knows it; the broker decides what the caller may do. The desk knows no configuration, role or show.
 *
 * main.c starts it, clients.c is its end of ZeroMQ and guard.c the checks below that, watches.c matches, and
 * desk.c connects these with the link.
 */
#ifndef BROKER_DESK_DESK_H
#define BROKER_DESK_DESK_H

#include <stdbool.h>

#include "broker/base/loop.h"

/*
 * Serves until the broker hangs up. The descriptors are those of desk_messages.h; `loop` was made before the
 * desk confined itself; `has_console` says whether there is a socket for browsers. 0, or -errno.
 */
int desk_serve(struct loop *loop, bool has_console);

#endif
