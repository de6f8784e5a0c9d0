/* SPDX-License-Identifier: BSD-2-Clause */
/* One universe of sACN: frames in, and frames out in their time. Used in the broker. */
#ifndef BROKER_BACKENDS_SACN_PORT_H
#define BROKER_BACKENDS_SACN_PORT_H

#include "broker/backends/sacn_socket.h"

/*
 * Joins the net with this bind, and begins to send, if there is a priority, and to look after sources. 0 or
 * -errno; -EADDRINUSE also if there is a port with this universe, and -EALREADY then.
 */
int sacn_port_begin(struct sacn_port *port, const struct sacn_bind *bind);

/* Takes it back, after the last frames; may be called more than once. */
void sacn_port_end(struct sacn_port *port);

/* Takes a frame. Returns what that cost, in events. */
unsigned sacn_port_receive(struct sacn_port *port, const struct sacn_received *received, uint64_t now_ns);

/* Sends what was set, if it is time, and sets the timer. */
void sacn_port_flush(struct sacn_port *port, uint64_t now_ns);

/* Takes a synchronization packet. Returns how many events that made. */
unsigned sacn_port_sync(struct sacn_port *port, const struct sacn_received *received, uint64_t now_ns);

/* Says how the universe is received, or who announces it. */
void sacn_port_describe(const struct sacn_port *port, uint64_t now_ns, char *text, size_t bytes);

#endif
