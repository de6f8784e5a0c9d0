/* SPDX-License-Identifier: BSD-2-Clause */
/* Synchronization packets, in and out. Used in the broker. */
#include "broker/backends/sacn_sync.h"

#include <stdlib.h>
#include <string.h>

/* E131_NETWORK_DATA_LOSS_TIMEOUT */
#define SYNC_TIMEOUT_NS DMX_MERGE_TIMEOUT_NS

static void release(struct sacn_port *port)
{
    port->held_until_ns = 0;
    if (!port->universe.is_held)
        return;
    port->universe.is_held = false;
    dmx_universe_emit(&port->universe);
}

static void leave(struct sacn_port *port)
{
    if (port->sync_universe && !port->is_unicast)
        sacn_net_leave(port->net, port->sync_universe);
    port->sync_universe = 0;
}

/* Joins the group of another universe of synchronization; at most once a second, whatever frames say. */
static void change(struct sacn_port *port, uint16_t universe, uint64_t now_ns)
{
    if (port->sync_changed_ns && now_ns < port->sync_changed_ns + FC_NS_PER_S)
        return;
    port->sync_changed_ns = now_ns;
    leave(port);
    if (!universe || universe > SACN_MAX_UNIVERSE)
        return;
    if (port->is_unicast || sacn_net_join(port->net, universe) == 0)
        port->sync_universe = universe;
}

void sacn_sync_follow(struct sacn_port *port, const struct sacn_frame *frame, uint64_t now_ns)
{
    port->is_free_soon = frame->is_free_soon;
    if (frame->sync_universe != port->sync_universe)
        change(port, frame->sync_universe, now_ns);
    if (!frame->sync_universe)
        release(port);
}

bool sacn_sync_receive(struct sacn_port *port, const struct sacn_received *received, uint64_t now_ns)
{
    struct dmx_universe *universe = &port->universe;
    const struct dmx_source *last = universe->merge.last;

    if (!port->sync_universe || port->sync_universe != received->packet.sync.universe ||
        universe->merge.n_sources != 1 || !last ||
        memcmp(last->key, received->packet.cid, SACN_CID_BYTES) != 0)
        return false;
    universe->is_held = true;
    port->held_until_ns = now_ns + SYNC_TIMEOUT_NS;
    dmx_universe_emit(universe);
    return true;
}

void sacn_sync_tick(struct sacn_port *port, uint64_t now_ns)
{
    if (port->universe.merge.n_sources != 1) {
        release(port);
        return;
    }
    if (!port->held_until_ns || now_ns < port->held_until_ns)
        return;
    port->held_until_ns = 0;
    if (port->is_free_soon)
        release(port);
}

void sacn_sync_end(struct sacn_port *port)
{
    leave(port);
    port->sync_changed_ns = port->held_until_ns = 0;
}

static void timer_fired(void *userdata)
{
    struct sacn_net *net = userdata;
    struct sacn_syncs *syncs = &net->syncs;

    for (size_t i = 0; i < syncs->n; i++) {
        uint8_t packet[SACN_SYNC_BYTES];

        sacn_codec_write_sync(packet, &net->ports->source, syncs->universes[i], ++syncs->sequence);
        sacn_net_send_to_group(net, syncs->universes[i], packet, sizeof(packet));
    }
    syncs->n = 0;
}

/* Notes a universe. False without memory. */
static bool note(struct sacn_syncs *syncs, uint16_t universe)
{
    uint16_t *grown;

    for (size_t i = 0; i < syncs->n; i++) {
        if (syncs->universes[i] == universe)
            return true;
    }
    if (syncs->n == syncs->room) {
        grown = reallocarray(syncs->universes, syncs->room + 8, sizeof(*grown));
        if (!grown)
            return false;
        syncs->universes = grown;
        syncs->room += 8;
    }
    syncs->universes[syncs->n++] = universe;
    return true;
}

void sacn_sync_frame_sent(struct sacn_port *port)
{
    struct sacn_syncs *syncs = &port->net->syncs;

    if (!port->sync_out)
        return;
    if (!syncs->timer && fc_timer_new(&syncs->timer, port->universe.instance, timer_fired, port->net) < 0)
        return;
    if (note(syncs, port->sync_out) && syncs->n == 1)
        fc_timer_set(syncs->timer, fc_now_ns());
}

void sacn_sync_close(struct sacn_net *net)
{
    net->syncs.timer = fc_timer_free(net->syncs.timer);
    free(net->syncs.universes);
    net->syncs = (struct sacn_syncs){0};
}
