/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of a universe of sACN, in and out. Used in the broker. */
#include "broker/backends/sacn_port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "broker/backends/sacn_discovery.h"
#include "broker/backends/sacn_name.h"
#include "broker/backends/sacn_sync.h"

#define COST_OF_A_SOURCE 64 /* in events: it has the frame made anew several times */
#define LAST_FRAMES      3  /* that say that the source ends */
#define ANNOUNCED_NS     (25 * FC_NS_PER_S)

static void timer_fired(void *userdata);

static void set_timer(struct sacn_port *port)
{
    uint64_t next_ns = dmx_universe_next_ns(&port->universe);

    if (port->priority && dmx_output_due_ns(&port->universe.output) < next_ns)
        next_ns = dmx_output_due_ns(&port->universe.output);
    if (port->held_until_ns && port->held_until_ns < next_ns)
        next_ns = port->held_until_ns;
    if (next_ns == port->armed_ns)
        return;
    port->armed_ns = next_ns;
    fc_timer_set(port->timer, next_ns);
}

/* Takes its place in the net. 0, or -errno with the net as it was. */
static int attach(struct sacn_port *port, struct sacn_net *net)
{
    if (sacn_net_find(net, port->number))
        return -EALREADY;
    HASH_ADD(hh, net->ports, number, sizeof(port->number), port);
    if (!port->hh.tbl)
        return -ENOMEM;
    port->net = net;
    return 0;
}

static int join(struct sacn_port *port)
{
    int r = port->is_unicast ? 0 : sacn_net_join(port->net, port->number);

    port->is_joined = r == 0 && !port->is_unicast;
    return r;
}

int sacn_port_begin(struct sacn_port *port, const struct sacn_bind *bind)
{
    struct sacn_net *net = NULL;
    int r = sacn_net_open(&net, bind, port->universe.instance);

    if (r < 0)
        return r;
    r = attach(port, net);
    if (r < 0) {
        sacn_net_close(net);
        return r;
    }
    r = join(port);
    if (r == 0)
        r = fc_timer_new(&port->timer, port->universe.instance, timer_fired, port);
    if (r == 0)
        r = sacn_discovery_begin(net, port->universe.instance);
    if (r < 0)
        return r;
    port->armed_ns = FC_TIMER_NEVER;
    port->universe.output.sent_ns = 0; /* so that the whole frame is sent at once */
    sacn_port_flush(port, fc_now_ns());
    return 0;
}

/* Whether a frame is one that we have sent ourselves, for the same universe. */
static bool is_own(const struct sacn_port *port, const uint8_t *cid)
{
    return port->priority && memcmp(cid, port->source.cid, SACN_CID_BYTES) == 0;
}

static bool is_wanted(const struct sacn_port *port, const struct sacn_packet *packet)
{
    if (packet->frame.is_preview && !port->takes_preview)
        return false;
    if (port->is_filtered && memcmp(packet->cid, port->wanted, SACN_CID_BYTES) != 0)
        return false;
    return !is_own(port, packet->cid);
}

static struct dmx_source *add_source(struct sacn_port *port, const struct sacn_received *received,
                                     uint64_t now_ns)
{
    char address[INET6_ADDRSTRLEN], name[sizeof(((struct dmx_source *)NULL)->name)];

    sacn_address_print(&received->from, address);
    sacn_name_with_address(name, sizeof(name), address, received->packet.name);
    port->n_added++;
    dmx_merge_make_room(&port->universe.merge, received->packet.frame.priority);
    return dmx_universe_source(&port->universe, received->packet.cid, name, now_ns);
}

/* Takes levels of a source, which is new if it is NULL. */
static void take_levels(struct sacn_port *port, struct dmx_source *source,
                        const struct sacn_received *received, uint64_t now_ns)
{
    const struct sacn_frame *frame = &received->packet.frame;

    if (!source)
        source = add_source(port, received, now_ns);
    if (!source)
        return;
    source->sequence = frame->sequence;
    source->has_sequence = true;
    if (port->universe.merge.n_sources == 1)
        sacn_sync_follow(port, frame, now_ns);
    sacn_sync_tick(port, now_ns);
    dmx_merge_set_priority(&port->universe.merge, source, frame->priority);
    dmx_universe_receive(&port->universe, source, frame->data, frame->n, now_ns);
}

/* Takes what is sound and wanted. */
static void take(struct sacn_port *port, const struct sacn_received *received, uint64_t now_ns)
{
    const struct sacn_frame *frame = &received->packet.frame;
    struct dmx_universe *universe = &port->universe;
    struct dmx_source *source = dmx_merge_find(&universe->merge, received->packet.cid);

    if (source && dmx_source_is_late(source, frame->sequence))
        return;
    if (frame->is_last) {
        if (source)
            dmx_universe_end_source(universe, source, now_ns);
        sacn_sync_tick(port, now_ns);
    } else if (frame->start_code == SACN_LEVELS) {
        take_levels(port, source, received, now_ns);
    } else if (frame->start_code == SACN_PRIORITIES && source && port->takes_priorities) {
        source->sequence = frame->sequence;
        dmx_universe_prioritize(universe, source, frame->data, frame->n, now_ns);
    }
}

unsigned sacn_port_receive(struct sacn_port *port, const struct sacn_received *received, uint64_t now_ns)
{
    unsigned n_added;

    if (!is_wanted(port, &received->packet))
        return 0;
    fc_heard(port->universe.instance);
    port->universe.n_events = 0;
    n_added = port->n_added;
    take(port, received, now_ns);
    if (dmx_universe_next_ns(&port->universe) < port->armed_ns)
        set_timer(port);
    return port->universe.n_events + (port->n_added - n_added) * COST_OF_A_SOURCE;
}

unsigned sacn_port_sync(struct sacn_port *port, const struct sacn_received *received, uint64_t now_ns)
{
    port->universe.n_events = 0;
    if (sacn_sync_receive(port, received, now_ns))
        set_timer(port);
    return port->universe.n_events;
}

static void send_frame(struct sacn_port *port, bool is_last)
{
    struct sacn_frame frame = {
        .priority = port->priority,
        .sync_universe = port->sync_out,
        .sequence = ++port->sequence,
        .is_last = is_last,
        .is_free_soon = true,
        .universe = port->number,
        .data = port->universe.output.frame,
    };
    uint8_t packet[SACN_DATA_BYTES];

    sacn_codec_write_frame(packet, &port->source, &frame);
    if (port->has_destination)
        sacn_net_send(port->net, &port->destination, packet, sizeof(packet));
    else
        sacn_net_send_to_group(port->net, port->number, packet, sizeof(packet));
}

void sacn_port_flush(struct sacn_port *port, uint64_t now_ns)
{
    struct dmx_output *output = &port->universe.output;

    if (!port->timer)
        return;
    if (port->priority && now_ns >= dmx_output_due_ns(output)) {
        send_frame(port, false);
        dmx_output_sent(output, now_ns);
        sacn_sync_frame_sent(port);
    }
    set_timer(port);
}

static void timer_fired(void *userdata)
{
    struct sacn_port *port = userdata;
    uint64_t now_ns = fc_now_ns();

    port->armed_ns = FC_TIMER_NEVER; /* it fires once */
    dmx_universe_tick(&port->universe, now_ns);
    sacn_sync_tick(port, now_ns);
    sacn_port_flush(port, now_ns);
}

/* Leaves the net, and closes it after the last port. */
static void detach(struct sacn_port *port)
{
    struct sacn_net *net = port->net;

    sacn_sync_end(port);
    if (port->is_joined)
        sacn_net_leave(net, port->number);
    port->is_joined = false;
    HASH_DEL(net->ports, port);
    port->hh.tbl = NULL;
    port->net = NULL;
    if (net->ports)
        return;
    sacn_sync_close(net);
    sacn_discovery_end(net);
    sacn_net_close(net);
}

void sacn_port_end(struct sacn_port *port)
{
    if (!port->net)
        return;
    for (unsigned i = 0; port->priority && port->timer && i < LAST_FRAMES; i++)
        send_frame(port, true);
    port->timer = fc_timer_free(port->timer);
    dmx_universe_stop(&port->universe);
    port->announced_ns = 0;
    detach(port);
}

void sacn_port_describe(const struct sacn_port *port, uint64_t now_ns, char *text, size_t bytes)
{
    dmx_universe_describe(&port->universe, now_ns, text, bytes);
    if (!text[0] && port->announced_ns && now_ns < port->announced_ns + ANNOUNCED_NS)
        snprintf(text, bytes, "not received, though %s announces it", port->announcer);
}
