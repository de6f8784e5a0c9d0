/* SPDX-License-Identifier: BSD-2-Clause */
/* ArtSync out. Used in the broker. */
#include "broker/backends/artnet_sync.h"

static void timer_fired(void *userdata)
{
    struct artnet_socket *socket = userdata;
    uint8_t packet[ARTNET_SYNC_BYTES];

    socket->sync.is_due = false;
    artnet_codec_write_sync(packet);
    artnet_socket_send(socket, &socket->sync.broadcast, packet, sizeof(packet));
}

void artnet_sync_frame_sent(struct artnet_port *port)
{
    struct artnet_sync *sync = &port->socket->sync;

    if (!port->is_synchronized || sync->is_due)
        return;
    if (!sync->timer && fc_timer_new(&sync->timer, port->universe.instance, timer_fired, port->socket) < 0)
        return;
    sync->is_due = true;
    fc_timer_set(sync->timer, fc_now_ns());
}

void artnet_sync_end(struct artnet_socket *socket)
{
    socket->sync.timer = fc_timer_free(socket->sync.timer);
    socket->sync.is_due = false;
}
