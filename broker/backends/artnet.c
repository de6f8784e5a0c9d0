/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Art-Net backend: each instance is one universe, received and, with a destination, sent.
 *
 * This has the options, and connects the parts: artnet_socket (sockets, which instances share), artnet_port
 * (frames), artnet_poll (discovery), and dmx_universe (channels, sources, times). Used in the broker.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/backends/artnet_poll.h"
#include "broker/backends/artnet_port.h"
#include "broker/backends/artnet_sync.h"
#include "broker/backends/artnet_timecode.h"
#include "broker/backends/dmx_option.h"
#include "broker/backends/net_host.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/option.h"

#define MAX_BINDS    16
#define MAX_SOURCES  2 /* the standard allows no more to be merged */
#define MAX_NET      0x7f
#define DEFAULT_BIND "0.0.0.0"
#define BROADCAST    "255.255.255.255"
#define PORT_TEXT    "6454"

struct artnet_bind {
    struct net_host host;
    struct in_addr announced; /* 0.0.0.0: the address that a poll came to */
};

struct artnet {
    struct fc_instance *instance; /* borrowed */
    struct artnet_bind binds[MAX_BINDS];
    size_t n_binds;
    unsigned net;
    unsigned universe;
    unsigned interface; /* index of a bind */
    struct net_host destination;
    struct net_host broadcast;
    bool to_broadcast; /* destination = broadcast */
    bool detect;
    struct artnet_port port;
};

static const struct fc_option artnet_options[] = {
    {"bind", FC_SCOPE_BACKEND, true, "0.0.0.0 6454",
     "Host and port to receive on; announce=ADDRESS tells others another one"},
    {"broadcast", FC_SCOPE_BACKEND, false, "10.255.255.255",
     "Host and port for polls and for destination = broadcast"},
    {"detect", FC_SCOPE_BACKEND, false, "on", "Log each universe that is received and that no instance has"},
    {"net", FC_SCOPE_BACKEND | FC_SCOPE_LATER | FC_SCOPE_INSTANCE, false, "0",
     "Net of the universe, from 0 to 127"},
    {"universe", FC_SCOPE_INSTANCE, false, "0", "Sub-net and universe in one number, from 0 to 255"},
    {"uni", FC_SCOPE_INSTANCE, false, "0", "The same as universe"},
    {"interface", FC_SCOPE_INSTANCE, false, "0", "Which bind to use, in the order of their lines"},
    {"iface", FC_SCOPE_INSTANCE, false, "0", "The same as interface"},
    {"destination", FC_SCOPE_INSTANCE, false, "10.0.0.5",
     "Host and port to send to; auto: all nodes that want the universe; or broadcast"},
    {"dest", FC_SCOPE_INSTANCE, false, "auto", "The same as destination"},
    {"merge", FC_SCOPE_BACKEND | FC_SCOPE_INSTANCE, false, "htp",
     "What two senders make together: first, htp, ltp or off"},
    {"on-loss", FC_SCOPE_BACKEND | FC_SCOPE_INSTANCE, false, "zero",
     "What channels become if nobody sends: hold or zero"},
    {"sync", FC_SCOPE_BACKEND | FC_SCOPE_INSTANCE, false, "on",
     "Let nodes show the frames of a turn at once, by ArtSync, or not"},
    {"rate", FC_SCOPE_BACKEND | FC_SCOPE_INSTANCE, false, "44", "The most frames to send in a second"},
    {"realtime", FC_SCOPE_INSTANCE, false, "1", "Send each change at once, with no limit"},
    {.name = NULL},
};

static void *artnet_new(struct fc_instance *instance, const char *directory)
{
    struct artnet *artnet = calloc(1, sizeof(*artnet));

    if (!artnet)
        return NULL;
    artnet->instance = instance;
    dmx_universe_init(&artnet->port.universe, instance, DMX_FIRST, MAX_SOURCES);
    return artnet;
}

/* Ends what the ports of a socket share. */
static void end_socket(struct artnet_socket *socket)
{
    artnet_poll_end(socket);
    artnet_sync_end(socket);
}

static void artnet_stop(void *self)
{
    struct artnet *artnet = self;
    struct artnet_socket *socket = artnet->port.socket;

    artnet_port_end(&artnet->port);
    if (socket && HASH_COUNT(socket->ports) == 1)
        end_socket(socket);
    artnet_socket_leave(&artnet->port);
}

static void artnet_free(void *self)
{
    struct artnet *artnet = self;

    if (!artnet)
        return;
    artnet_stop(artnet);
    for (size_t i = 0; i < artnet->n_binds; i++)
        net_host_clear(&artnet->binds[i].host);
    net_host_clear(&artnet->destination);
    net_host_clear(&artnet->broadcast);
    dmx_universe_deinit(&artnet->port.universe);
    free(artnet);
}

/* Cuts announce=ADDRESS off the end of a bind. */
static int cut_announced(struct artnet_bind *bind, char *value, struct fc_reason *reason)
{
    char *word = strstr(value, "announce=");

    if (!word || (word > value && !strchr(" \t", word[-1])))
        return 0;
    if (inet_pton(AF_INET, word + strlen("announce="), &bind->announced) != 1)
        return fc_refuse(reason, "\"%.60s\" does not name an IPv4 address, such as announce=10.0.0.1", word);
    *word = '\0';
    return 0;
}

static int add_bind(struct artnet *artnet, const char *value, struct fc_reason *reason)
{
    FC_AUTO_FREE char *text = strdup(value);
    struct artnet_bind *bind = &artnet->binds[artnet->n_binds];
    int r;

    if (!text)
        return -ENOMEM;
    if (artnet->n_binds == MAX_BINDS)
        return fc_refuse(reason, "there are at most %d binds", MAX_BINDS);
    r = cut_announced(bind, text, reason);
    if (r == 0)
        r = net_host_read(&bind->host, text, PORT_TEXT, 0, reason);
    if (r >= 0)
        artnet->n_binds++;
    return r;
}

static int set_destination(struct artnet *artnet, const char *value, struct fc_reason *reason)
{
    int r = 0;

    artnet->to_broadcast = strcmp(value, "broadcast") == 0;
    if (strcmp(value, "auto") == 0 || artnet->to_broadcast)
        net_host_clear(&artnet->destination);
    else
        r = net_host_read(&artnet->destination, value, PORT_TEXT, 1, reason);
    if (r >= 0)
        artnet->port.output = strcmp(value, "auto") == 0 ? ARTNET_SUBSCRIBERS : ARTNET_FIXED;
    return r;
}

static int artnet_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                            struct fc_reason *reason)
{
    struct artnet *artnet = self;
    int r = dmx_universe_configure(&artnet->port.universe, option, value, reason);

    if (r != -ENOENT)
        return r;
    if (strcmp(option, "bind") == 0)
        return add_bind(artnet, value, reason);
    if (strcmp(option, "broadcast") == 0)
        return net_host_read(&artnet->broadcast, value, PORT_TEXT, 1, reason);
    if (strcmp(option, "sync") == 0)
        return fc_option_switch(&artnet->port.is_synchronized, option, value, reason);
    if (strcmp(option, "detect") == 0)
        return dmx_option_detect(&artnet->detect, value, reason);
    if (strcmp(option, "net") == 0)
        return dmx_option_number(&artnet->net, option, value, 0, MAX_NET, reason);
    if (strcmp(option, "universe") == 0 || strcmp(option, "uni") == 0)
        return dmx_option_number(&artnet->universe, option, value, 0, UINT8_MAX, reason);
    if (strcmp(option, "interface") == 0 || strcmp(option, "iface") == 0)
        return dmx_option_number(&artnet->interface, option, value, 0, MAX_BINDS - 1, reason);
    if (strcmp(option, "destination") == 0 || strcmp(option, "dest") == 0)
        return set_destination(artnet, value, reason);
    return fc_refuse(reason, "the backend artnet has no option \"%.80s\"", option);
}

static int use_defaults(struct artnet *artnet)
{
    struct fc_reason reason;
    int r = 0;

    if (!artnet->n_binds)
        r = add_bind(artnet, DEFAULT_BIND, &reason);
    if (r == 0 && !artnet->broadcast.name)
        r = net_host_read(&artnet->broadcast, BROADCAST, PORT_TEXT, 1, &reason);
    return r;
}

static int artnet_configured(void *self, struct fc_reason *reason)
{
    struct artnet *artnet = self;
    int r = use_defaults(artnet);

    if (r < 0)
        return r;
    if (artnet->interface >= artnet->n_binds)
        return fc_refuse(reason, "interface = %u, but there are only %zu binds, counted from 0",
                         artnet->interface, artnet->n_binds);
    artnet->port.address = (uint16_t)(artnet->net << 8 | artnet->universe);
    return 0;
}

static int artnet_beside(void *self, const void *before, struct fc_reason *reason)
{
    const struct artnet *artnet = self, *other = before;

    if (artnet->interface != other->interface || artnet->port.address != other->port.address)
        return 0;
    return fc_refuse(reason, "universe %u of net %u is that of the instance %s already", artnet->universe,
                     artnet->net, fc_instance_name(other->instance));
}

static bool artnet_is_doubtful(void *self, unsigned directions, struct fc_reason *reason)
{
    const struct artnet *artnet = self;

    if (!(directions & FC_TARGET) || artnet->port.output != ARTNET_NOWHERE)
        return false;
    fc_refuse(reason,
              "nothing that is mapped to it is sent anywhere: set destination = HOST, auto or broadcast");
    return true;
}

static int artnet_canonical(void *self, const char *name, char *canonical, size_t bytes,
                            struct fc_reason *reason)
{
    if (!artnet_timecode_is(name))
        return dmx_patch_canonical(name, canonical, bytes, reason);
    return (size_t)snprintf(canonical, bytes, "%s", name) < bytes ? 0 : -ENOMEM;
}

static int artnet_channel(void *self, uint32_t id, const char *name, unsigned directions,
                          struct fc_reason *reason)
{
    struct artnet *artnet = self;

    if (artnet_timecode_is(name))
        return artnet_timecode_set(&artnet->port.timecode, id, name, directions, reason);
    return dmx_patch_set(&artnet->port.universe.patch, id, name, directions, artnet->port.socket, reason);
}

static void detected(const struct artnet_socket *socket, const struct artnet_received *received)
{
    const struct artnet_port *any = socket->ports;
    char name[INET_ADDRSTRLEN];

    inet_ntop(AF_INET, &received->from.sin_addr, name, sizeof(name));
    fc_log(FC_LOG_INFO, fc_instance_name(any->universe.instance),
           "received universe %u of net %u from %s, which no instance has",
           received->packet.dmx.address & UINT8_MAX, received->packet.dmx.address >> 8, name);
}

/* Takes frames for a universe that no instance has; says so once a second with `detect`. */
static unsigned take_unknown(struct artnet_socket *socket, const struct artnet_received *received)
{
    if (socket->detect && fc_once_a_second(&socket->detected_ns))
        detected(socket, received);
    return 0;
}

static unsigned take_sync(struct artnet_socket *socket, const struct artnet_received *received,
                          uint64_t now_ns)
{
    unsigned n_events = 0;

    for (struct artnet_port *port = socket->ports; port; port = port->hh.next)
        n_events += 1 + artnet_port_sync(port, received, now_ns);
    return n_events;
}

static unsigned take_timecode(struct artnet_socket *socket, const struct artnet_received *received,
                              uint64_t now_ns)
{
    unsigned n_events = 0;

    if (!artnet_clock_follows(&socket->clock, received->from.sin_addr, now_ns))
        return 0;
    for (struct artnet_port *port = socket->ports; port; port = port->hh.next)
        n_events +=
            1 + artnet_timecode_emit(&port->timecode, port->universe.instance, &received->packet.time);
    return n_events;
}

static unsigned take(struct artnet_socket *socket, const struct artnet_received *received)
{
    uint64_t now_ns = fc_now_ns();
    struct artnet_port *port;

    switch (received->packet.kind) {
    case ARTNET_DMX:
        port = artnet_socket_find(socket, received->packet.dmx.address);
        return port ? artnet_port_receive(port, received, now_ns) : take_unknown(socket, received);
    case ARTNET_SYNC:
        return take_sync(socket, received, now_ns);
    case ARTNET_TIMECODE:
        return take_timecode(socket, received, now_ns);
    case ARTNET_POLL:
        artnet_poll_asked(socket, received, now_ns);
        return 0;
    case ARTNET_REPLY:
        artnet_poll_answered(socket, received, now_ns);
        return 0;
    case ARTNET_OTHER:
        break;
    }
    return 0;
}

/* Looks up a host; AI_PASSIVE in `flags` is for one to bind to, which may be `*`. */
static int look_up(struct artnet *artnet, const struct net_host *host, int flags, struct sockaddr_in *address)
{
    const struct addrinfo *found;
    struct fc_reason reason = {.text = "is not valid"};
    int r = net_host_look_up(&found, fc_instance_lookups(artnet->instance), host, AF_INET, flags, &reason);

    if (r == 0)
        memcpy(address, found->ai_addr, sizeof(*address));
    else if (r != -EINPROGRESS)
        fc_because(artnet->instance, &reason);
    return r;
}

/* Says why the socket could not be opened, or its universe not be had. */
static int join_failed(const struct artnet *artnet, const struct sockaddr_in *bind, int error)
{
    struct fc_reason reason;
    int r = net_host_bind_failed(&reason, &artnet->binds[artnet->interface].host, error,
                                 artnet_socket_owner(bind));

    fc_because(artnet->instance, &reason);
    return r;
}

/* Opens the socket, unless another instance has done so, and begins. */
static int begin(struct artnet *artnet, const struct sockaddr_in *bind, const struct sockaddr_in *broadcast)
{
    struct artnet_port *port = &artnet->port;
    int r = artnet_socket_join(port, bind, take);

    if (r < 0)
        return join_failed(artnet, bind, -r);
    port->socket->detect = artnet->detect;
    port->socket->sync.broadcast = *broadcast;
    port->socket->poll.announced = artnet->binds[artnet->interface].announced;
    if (!port->socket->poll.timer)
        r = artnet_poll_begin(port->socket);
    if (r == 0 && port->output == ARTNET_SUBSCRIBERS)
        artnet_poll_ask(port->socket, broadcast, fc_now_ns());
    return r < 0 ? r : artnet_port_begin(port);
}

static int artnet_start(void *self)
{
    struct artnet *artnet = self;
    struct sockaddr_in bind, broadcast;
    int r = look_up(artnet, &artnet->binds[artnet->interface].host, AI_PASSIVE, &bind);

    if (r == 0)
        r = look_up(artnet, &artnet->broadcast, 0, &broadcast);
    if (r == 0 && artnet->destination.name)
        r = look_up(artnet, &artnet->destination, 0, &artnet->port.destination);
    if (r < 0)
        return r;
    if (artnet->to_broadcast)
        artnet->port.destination = broadcast;
    return begin(artnet, &bind, &broadcast);
}

static void artnet_set(void *self, uint32_t channel, double value)
{
    struct artnet *artnet = self;

    dmx_universe_set(&artnet->port.universe, channel, value);
}

static void artnet_set_many(void *self, const uint32_t *channels, const double *values, size_t n)
{
    struct artnet *artnet = self;

    dmx_universe_set_many(&artnet->port.universe, channels, values, n);
}

static void artnet_flush(void *self)
{
    struct artnet *artnet = self;

    artnet_port_flush(&artnet->port, fc_now_ns());
}

/* Goes on with the values of the instance in whose place it comes, if it is the same universe. */
static void artnet_inherit(void *self, void *previous)
{
    struct artnet *artnet = self;
    const struct artnet *before = previous;

    if (before->port.address == artnet->port.address)
        dmx_universe_inherit(&artnet->port.universe, &before->port.universe);
}

static void artnet_describe(const void *self, char *text, size_t bytes)
{
    const struct artnet *artnet = self;

    dmx_universe_describe(&artnet->port.universe, fc_now_ns(), text, bytes);
    if (!text[0])
        artnet_port_describe(&artnet->port, fc_now_ns(), text, bytes);
}

const struct fc_backend backend_artnet = {
    .name = "artnet",
    .options = artnet_options,
    .instance_new = artnet_new,
    .instance_free = artnet_free,
    .configure = artnet_configure,
    .configured = artnet_configured,
    .is_doubtful = artnet_is_doubtful,
    .canonical = artnet_canonical,
    .channel = artnet_channel,
    .start = artnet_start,
    .stop = artnet_stop,
    .set = artnet_set,
    .set_many = artnet_set_many,
    .flush = artnet_flush,
    .inherit = artnet_inherit,
    .beside = artnet_beside,
    .describe = artnet_describe,
};
