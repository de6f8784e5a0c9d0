/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages of universes, out and in. Used in the broker. */
#include "broker/backends/sacn_discovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/backends/sacn_name.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"

#define SHOWN    12                /* universes in a line of the log */
#define RENEW_NS (2 * FC_NS_PER_S) /* between looks at whether the network is there */
#define FIRST_NS (1 * FC_NS_PER_S) /* after the net was opened, when all its ports are there */

static int compare(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

/* Lists the universes that are sent, in ascending order. Returns how many; the list may be NULL then. */
static size_t list_sent(const struct sacn_net *net, uint16_t **list)
{
    size_t n = 0;

    *list = calloc(HASH_COUNT(net->ports) + 1, sizeof(**list));
    for (const struct sacn_port *port = net->ports; *list && port; port = port->hh.next) {
        if (port->priority)
            (*list)[n++] = port->number;
    }
    if (n)
        qsort(*list, n, sizeof(**list), compare);
    return n;
}

static void send_pages(struct sacn_net *net)
{
    uint8_t packet[SACN_DISCOVERY_BYTES(SACN_PAGE_UNIVERSES)];
    FC_AUTO_FREE uint16_t *list = NULL;
    size_t n = list_sent(net, &list), last = n ? (n - 1) / SACN_PAGE_UNIVERSES : 0;

    for (size_t page = 0; n > 0 && page <= last; page++) {
        size_t at = page * SACN_PAGE_UNIVERSES;
        size_t some = n - at < SACN_PAGE_UNIVERSES ? n - at : SACN_PAGE_UNIVERSES;
        size_t bytes = sacn_codec_write_discovery(packet, &net->ports->source, (uint8_t)page, (uint8_t)last,
                                                  list + at, some);

        sacn_net_send_to_group(net, SACN_DISCOVERY_UNIVERSE, packet, bytes);
    }
}

static void timer_fired(void *userdata)
{
    struct sacn_net *net = userdata;

    uint64_t now_ns = fc_now_ns();

    sacn_net_renew(net);
    if (now_ns >= net->discovery.next_ns) {
        send_pages(net);
        net->discovery.next_ns = now_ns + SACN_DISCOVERY_NS;
    }
    fc_timer_set(net->discovery.timer, now_ns + RENEW_NS);
}

int sacn_discovery_begin(struct sacn_net *net, struct fc_instance *instance)
{
    int r;

    if (net->discovery.timer)
        return 0;
    r = fc_timer_new(&net->discovery.timer, instance, timer_fired, net);
    if (r < 0)
        return r;
    fc_timer_set(net->discovery.timer, fc_now_ns() + FIRST_NS);
    /* a net for unicast may have no multicast at all: then nothing is announced to it */
    net->discovery.is_joined = sacn_net_join(net, SACN_DISCOVERY_UNIVERSE) == 0;
    return 0;
}

void sacn_discovery_end(struct sacn_net *net)
{
    net->discovery.timer = fc_timer_free(net->discovery.timer);
    if (net->discovery.is_joined)
        sacn_net_leave(net, SACN_DISCOVERY_UNIVERSE);
    net->discovery.is_joined = false;
}

/* Writes the first few universes of a page, for people. */
static void print_some(const struct sacn_packet *packet, char *text, size_t bytes)
{
    size_t used = 0;

    for (size_t i = 0; i < packet->discovery.n && i < SHOWN; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%u", i ? ", " : "",
                                 sacn_codec_universe(packet, i));
    if (packet->discovery.n > SHOWN)
        snprintf(text + used, bytes - used, ", …");
}

static void detected(struct sacn_net *net, const struct sacn_packet *packet, const char *sender)
{
    char list[SHOWN * sizeof("65535, ") + sizeof("…")];

    if (!net->detect || !packet->discovery.n || !fc_once_a_second(&net->discovery.detected_ns))
        return;
    print_some(packet, list, sizeof(list));
    fc_log(FC_LOG_INFO, fc_instance_name(sacn_net_owner(net)), "%s announces the universes %s", sender, list);
}

void sacn_discovery_receive(struct sacn_net *net, const struct sacn_received *received, uint64_t now_ns)
{
    const struct sacn_packet *packet = &received->packet;
    char address[INET6_ADDRSTRLEN], sender[sizeof(((struct sacn_port *)NULL)->announcer)];

    if (memcmp(packet->cid, net->ports->source.cid, SACN_CID_BYTES) == 0)
        return;
    sacn_address_print(&received->from, address);
    sacn_name_with_address(sender, sizeof(sender), address, packet->name);
    for (size_t i = 0; i < packet->discovery.n; i++) {
        struct sacn_port *port = sacn_net_find(net, sacn_codec_universe(packet, i));

        if (!port)
            continue;
        memcpy(port->announcer, sender, sizeof(sender));
        port->announced_ns = now_ns;
    }
    detected(net, packet, sender);
}
