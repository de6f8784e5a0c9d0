/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ArtSync, as a controller sends it: once after the frames of a turn, so that nodes show all of them at the
 * same moment. Used in the broker.
 */
#ifndef BROKER_BACKENDS_ARTNET_SYNC_H
#define BROKER_BACKENDS_ARTNET_SYNC_H

#include "broker/backends/artnet_socket.h"

/* Has one broadcast at the end of the turn, if the port's frames are synchronized. */
void artnet_sync_frame_sent(struct artnet_port *port);

/* Ends with the last port. */
void artnet_sync_end(struct artnet_socket *socket);

#endif
