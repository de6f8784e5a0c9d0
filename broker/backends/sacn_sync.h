/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Synchronization of sACN universes. In: frames of a source that synchronizes its universes are held until
 * its next synchronization packet. Out: after the frames of a turn, one packet to each universe of
 * synchronization. Used in the broker.
 */
#ifndef BROKER_BACKENDS_SACN_SYNC_H
#define BROKER_BACKENDS_SACN_SYNC_H

#include "broker/backends/sacn_socket.h"

/* Notes what a frame says of synchronization, before it is taken. */
void sacn_sync_follow(struct sacn_port *port, const struct sacn_frame *frame, uint64_t now_ns);

/* Takes a synchronization packet. False if it is not one of the port's. */
bool sacn_sync_receive(struct sacn_port *port, const struct sacn_received *received, uint64_t now_ns);

/* Goes on without synchronization if there was none for a while, or there are several sources. */
void sacn_sync_tick(struct sacn_port *port, uint64_t now_ns);

/* Forgets it, and leaves the group. */
void sacn_sync_end(struct sacn_port *port);

/* Has a packet sent at the end of the turn, if the port's frames are synchronized. */
void sacn_sync_frame_sent(struct sacn_port *port);

/* Frees what a net needs for it. */
void sacn_sync_close(struct sacn_net *net);

#endif
