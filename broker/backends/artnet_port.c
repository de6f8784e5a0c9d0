/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of a universe of Art-Net, in and out. Used in the broker. */
#include "broker/backends/artnet_port.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "broker/backends/artnet_poll.h"
#include "broker/backends/artnet_sync.h"

#define SYNC_TIMEOUT_NS (4 * FC_NS_PER_S)

static void timer_fired(void *userdata);

int artnet_port_begin(struct artnet_port *port)
{
    int r = fc_timer_new(&port->timer, port->universe.instance, timer_fired, port);

    if (r < 0)
        return r;
    port->armed_ns = FC_TIMER_NEVER;
    port->universe.output.sent_ns = 0; /* so that the whole frame is sent at once */
    artnet_port_flush(port, fc_now_ns());
    return 0;
}

void artnet_port_end(struct artnet_port *port)
{
    port->timer = fc_timer_free(port->timer);
    dmx_universe_stop(&port->universe);
    port->held_until_ns = 0;
}

static void set_timer(struct artnet_port *port)
{
    uint64_t next_ns = dmx_universe_next_ns(&port->universe);

    if (port->output != ARTNET_NOWHERE && dmx_output_due_ns(&port->universe.output) < next_ns)
        next_ns = dmx_output_due_ns(&port->universe.output);
    if (port->held_until_ns && port->held_until_ns < next_ns)
        next_ns = port->held_until_ns;
    if (next_ns == port->armed_ns)
        return;
    port->armed_ns = next_ns;
    fc_timer_set(port->timer, next_ns);
}

/* Key and name of a source: its address, whatever port it sends from. */
static void source_of(const struct sockaddr_in *from, uint8_t key[DMX_MERGE_KEY_BYTES],
                      char name[INET_ADDRSTRLEN])
{
    memset(key, 0, DMX_MERGE_KEY_BYTES);
    memcpy(key, &from->sin_addr, sizeof(from->sin_addr));
    inet_ntop(AF_INET, &from->sin_addr, name, INET_ADDRSTRLEN);
}

/* Whether a frame was overtaken by a later one; not if it has no sequence. */
static bool is_late(const struct dmx_source *source, uint8_t sequence)
{
    return sequence && dmx_source_is_late(source, sequence);
}

/* Emits what was held if no ArtSync has come for a while, or a second source has come. */
static void end_hold(struct artnet_port *port, uint64_t now_ns)
{
    if (!port->held_until_ns || (now_ns < port->held_until_ns && port->universe.merge.n_sources == 1))
        return;
    port->held_until_ns = 0;
    port->universe.is_held = false;
    dmx_universe_emit(&port->universe);
}

unsigned artnet_port_receive(struct artnet_port *port, const struct artnet_received *received,
                             uint64_t now_ns)
{
    struct dmx_universe *universe = &port->universe;
    uint8_t key[DMX_MERGE_KEY_BYTES];
    char name[INET_ADDRSTRLEN];
    struct dmx_source *source;

    fc_heard(universe->instance);
    source_of(&received->from, key, name);
    source = dmx_universe_source(universe, key, name, now_ns);
    if (!source || is_late(source, received->packet.dmx.sequence))
        return 0;
    source->sequence = received->packet.dmx.sequence;
    source->has_sequence = source->sequence != 0;
    universe->n_events = 0;
    end_hold(port, now_ns);
    dmx_universe_receive(universe, source, received->packet.dmx.data, received->packet.dmx.n, now_ns);
    if (dmx_universe_next_ns(universe) < port->armed_ns)
        set_timer(port);
    return universe->n_events;
}

unsigned artnet_port_sync(struct artnet_port *port, const struct artnet_received *received, uint64_t now_ns)
{
    struct dmx_universe *universe = &port->universe;
    uint8_t key[DMX_MERGE_KEY_BYTES];
    char name[INET_ADDRSTRLEN];

    source_of(&received->from, key, name);
    if (universe->merge.n_sources != 1 || !universe->merge.last ||
        memcmp(universe->merge.last->key, key, sizeof(key)) != 0)
        return 0;
    universe->n_events = 0;
    universe->is_held = true;
    port->held_until_ns = now_ns + SYNC_TIMEOUT_NS;
    dmx_universe_emit(universe);
    set_timer(port);
    return universe->n_events;
}

static uint8_t next_sequence(struct artnet_port *port)
{
    port->sequence = (uint8_t)(port->sequence == UINT8_MAX ? 1 : port->sequence + 1);
    return port->sequence;
}

void artnet_port_describe(const struct artnet_port *port, uint64_t now_ns, char *text, size_t bytes)
{
    struct sockaddr_in list[ARTNET_MAX_SUBSCRIBERS];
    unsigned universe = port->address & UINT8_MAX, net = port->address >> 8;

    if (port->output != ARTNET_SUBSCRIBERS || !port->socket ||
        artnet_poll_subscribers(port->socket, port->address, now_ns, list))
        return;
    if (net)
        snprintf(text, bytes, "no node wants universe %u of net %u: nothing is sent", universe, net);
    else
        snprintf(text, bytes, "no node wants universe %u: nothing is sent", universe);
}

static void send_frame(struct artnet_port *port, uint64_t now_ns)
{
    struct sockaddr_in list[ARTNET_MAX_SUBSCRIBERS];
    uint8_t packet[ARTNET_DMX_BYTES];
    size_t n = 1;

    list[0] = port->destination;
    if (port->output == ARTNET_SUBSCRIBERS)
        n = artnet_poll_subscribers(port->socket, port->address, now_ns, list);
    artnet_codec_write_dmx(packet, port->address, next_sequence(port), port->universe.output.frame);
    for (size_t i = 0; i < n; i++)
        artnet_socket_send(port->socket, &list[i], packet, sizeof(packet));
}

void artnet_port_flush(struct artnet_port *port, uint64_t now_ns)
{
    struct dmx_output *output = &port->universe.output;

    if (!port->timer)
        return;
    if (port->output != ARTNET_NOWHERE && now_ns >= dmx_output_due_ns(output)) {
        send_frame(port, now_ns);
        dmx_output_sent(output, now_ns);
        artnet_sync_frame_sent(port);
    }
    set_timer(port);
}

static void timer_fired(void *userdata)
{
    struct artnet_port *port = userdata;
    uint64_t now_ns = fc_now_ns();

    port->armed_ns = FC_TIMER_NEVER; /* it fires once */
    dmx_universe_tick(&port->universe, now_ns);
    end_hold(port, now_ns);
    artnet_port_flush(port, now_ns);
}
