/* SPDX-License-Identifier: BSD-2-Clause */
/* One universe of Art-Net: frames in, frames out in their time, and ArtSync. Used in the broker. */
#ifndef BROKER_BACKENDS_ARTNET_PORT_H
#define BROKER_BACKENDS_ARTNET_PORT_H

#include "broker/backends/artnet_socket.h"

/* Begins to send, if the port has an output, and to look after its sources. 0 or -ENOMEM. */
int artnet_port_begin(struct artnet_port *port);

/* Takes it back; may be called more than once. */
void artnet_port_end(struct artnet_port *port);

/* Takes an ArtDmx packet. Returns how many events that made. */
unsigned artnet_port_receive(struct artnet_port *port, const struct artnet_received *received,
                             uint64_t now_ns);

/*
 * Takes an ArtSync packet: emits what the sender of the last frame has sent, and holds what it sends until
 * the next one. Returns how many events that made.
 */
unsigned artnet_port_sync(struct artnet_port *port, const struct artnet_received *received, uint64_t now_ns);

/* Says that what is set reaches no node, if it is so; else `text` stays as it is. */
void artnet_port_describe(const struct artnet_port *port, uint64_t now_ns, char *text, size_t bytes);

/* Sends what was set, if it is time, and sets the timer. */
void artnet_port_flush(struct artnet_port *port, uint64_t now_ns);

#endif
