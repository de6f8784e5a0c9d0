/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sACN backend: each instance is one universe, received and, with a priority, sent.
 *
 * This connects the parts: sacn_config (options), sacn_socket (sockets and groups, which instances share),
 * sacn_port (frames), sacn_sync, sacn_discovery, and dmx_universe (channels, sources, times). Used in the
 * broker.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/backends/sacn_config.h"
#include "broker/backends/sacn_discovery.h"
#include "broker/backends/sacn_port.h"
#include "firecurtain/log.h"

struct sacn {
    struct fc_instance *instance; /* borrowed */
    struct sacn_config config;
    struct sacn_port port;
};

static void *sacn_new(struct fc_instance *instance, const char *directory)
{
    struct sacn *sacn = calloc(1, sizeof(*sacn));

    if (!sacn)
        return NULL;
    sacn->instance = instance;
    sacn_config_init(&sacn->config);
    dmx_universe_init(&sacn->port.universe, instance, DMX_HTP, DMX_MERGE_MAX_SOURCES);
    return sacn;
}

static void sacn_stop(void *self)
{
    struct sacn *sacn = self;

    sacn_port_end(&sacn->port);
}

static void sacn_free(void *self)
{
    struct sacn *sacn = self;

    if (!sacn)
        return;
    sacn_stop(sacn);
    sacn_config_deinit(&sacn->config);
    dmx_universe_deinit(&sacn->port.universe);
    free(sacn);
}

static int sacn_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                          struct fc_reason *reason)
{
    struct sacn *sacn = self;
    int r = dmx_universe_configure(&sacn->port.universe, option, value, reason);

    return r == -ENOENT ? sacn_config_set(&sacn->config, option, value, reason) : r;
}

static int sacn_configured(void *self, struct fc_reason *reason)
{
    struct sacn *sacn = self;
    const struct sacn_config *config = &sacn->config;
    struct sacn_port *port = &sacn->port;
    int r = sacn_config_complete(&sacn->config, reason);

    if (r < 0)
        return r;
    port->number = (uint16_t)config->universe;
    port->is_unicast = config->is_unicast;
    port->takes_preview = config->takes_preview;
    port->takes_priorities = config->takes_priorities;
    port->is_filtered = config->is_filtered;
    memcpy(port->wanted, config->wanted, SACN_CID_BYTES);
    port->priority = (uint8_t)config->priority;
    port->sync_out = (uint16_t)config->sync_universe;
    port->has_destination = config->destination.name;
    return 0;
}

static int sacn_beside(void *self, const void *before, struct fc_reason *reason)
{
    const struct sacn *sacn = self, *other = before;

    if (sacn->config.interface != other->config.interface || sacn->port.number != other->port.number)
        return 0;
    return fc_refuse(reason, "universe %u is that of the instance %s already", sacn->port.number,
                     fc_instance_name(other->instance));
}

static bool sacn_is_doubtful(void *self, unsigned directions, struct fc_reason *reason)
{
    const struct sacn *sacn = self;

    if (!(directions & FC_TARGET) || sacn->port.priority)
        return false;
    fc_refuse(reason, "nothing that is mapped to it is sent anywhere: set priority = 100");
    return true;
}

static int sacn_canonical(void *self, const char *name, char *canonical, size_t bytes,
                          struct fc_reason *reason)
{
    return dmx_patch_canonical(name, canonical, bytes, reason);
}

static int sacn_channel(void *self, uint32_t id, const char *name, unsigned directions,
                        struct fc_reason *reason)
{
    struct sacn *sacn = self;

    return dmx_patch_set(&sacn->port.universe.patch, id, name, directions, sacn->port.net, reason);
}

static void detected(const struct sacn_net *net, const struct sacn_received *received)
{
    char sender[INET6_ADDRSTRLEN];

    sacn_address_print(&received->from, sender);
    fc_log(FC_LOG_INFO, fc_instance_name(sacn_net_owner(net)),
           "received universe %u from %s (%s), which no instance has", received->packet.frame.universe,
           sender, received->packet.name);
}

static unsigned take_frame(struct sacn_net *net, const struct sacn_received *received, uint64_t now_ns)
{
    struct sacn_port *port = sacn_net_find(net, received->packet.frame.universe);

    if (port)
        return sacn_port_receive(port, received, now_ns);
    if (net->detect && fc_once_a_second(&net->detected_ns))
        detected(net, received);
    return 0;
}

static unsigned take_sync(struct sacn_net *net, const struct sacn_received *received, uint64_t now_ns)
{
    unsigned n_events = 0;

    for (struct sacn_port *port = net->ports; port; port = port->hh.next)
        n_events += 1 + sacn_port_sync(port, received, now_ns);
    return n_events;
}

static unsigned take(struct sacn_net *net, const struct sacn_received *received)
{
    uint64_t now_ns = fc_now_ns();

    switch (received->packet.kind) {
    case SACN_DATA:
        return take_frame(net, received, now_ns);
    case SACN_SYNC:
        return take_sync(net, received, now_ns);
    case SACN_DISCOVERY:
        sacn_discovery_receive(net, received, now_ns);
        return received->packet.discovery.n;
    case SACN_OTHER:
        break;
    }
    return 0;
}

/* Looks up a host; AI_PASSIVE in `flags` is for one to bind to, which may be `*`. */
static int look_up(struct sacn *sacn, const struct net_host *host, int family, int flags,
                   union sacn_address *address)
{
    const struct addrinfo *found;
    struct fc_reason reason = {.text = "is not valid"};
    int r = net_host_look_up(&found, fc_instance_lookups(sacn->instance), host, family, flags, &reason);

    if (r == 0)
        memcpy(address, found->ai_addr, found->ai_addrlen);
    else if (r != -EINPROGRESS)
        fc_because(sacn->instance, &reason);
    return r;
}

/* Returns the family to look for: `*` is for IPv4, and `::` for IPv6. */
static int family_of(const struct net_host *host)
{
    return strcmp(host->name, "*") == 0 ? AF_INET : AF_UNSPEC;
}

/* Says why the socket could not be opened, a group not be joined, or the universe not be had. */
static int begin_failed(const struct sacn *sacn, int error)
{
    const struct sacn_config_bind *bind = &sacn->config.binds[sacn->config.interface];
    struct fc_reason reason;

    if (error == ENODEV && bind->device[0]) {
        fc_refuse(&reason, "there is no interface %s: \"ip link\" shows those that there are", bind->device);
    } else if (error == ENODEV || error == ENETUNREACH) {
        fc_refuse(&reason,
                  "there is no network for multicast at %.150s: write bind = ADDRESS with one of this "
                  "machine's addresses",
                  bind->host.name);
    } else if (error == EALREADY) {
        fc_refuse(&reason, "universe %u of this bind is another instance's", sacn->port.number);
    } else {
        net_host_bind_failed(&reason, &bind->host, error, NULL);
    }
    fc_because(sacn->instance, &reason);
    return -error;
}

static int begin(struct sacn *sacn, const struct sacn_bind *bind)
{
    struct sacn_port *port = &sacn->port;
    int r = sacn_port_begin(port, bind);

    if (port->net) {
        port->net->take = take;
        port->net->detect = sacn->config.detect;
    }
    return r < 0 ? begin_failed(sacn, -r) : 0;
}

static int sacn_start(void *self)
{
    struct sacn *sacn = self;
    const struct sacn_config *config = &sacn->config;
    const struct sacn_config_bind *configured = &config->binds[config->interface];
    struct sacn_bind bind = {.is_local = configured->is_local, .ttl = config->ttl};
    int r = look_up(sacn, &configured->host, family_of(&configured->host), AI_PASSIVE, &bind.address);

    if (r == 0 && config->destination.name)
        r = look_up(sacn, &config->destination, bind.address.any.sa_family, 0, &sacn->port.destination);
    if (r < 0)
        return r;
    memcpy(bind.device, configured->device, sizeof(bind.device));
    memcpy(sacn->port.source.name, config->name, SACN_NAME_BYTES);
    memcpy(sacn->port.source.cid, config->cid, SACN_CID_BYTES);
    if (!config->has_cid)
        fc_identity(sacn->instance, sacn->port.source.cid);
    return begin(sacn, &bind);
}

static void sacn_set(void *self, uint32_t channel, double value)
{
    struct sacn *sacn = self;

    dmx_universe_set(&sacn->port.universe, channel, value);
}

static void sacn_set_many(void *self, const uint32_t *channels, const double *values, size_t n)
{
    struct sacn *sacn = self;

    dmx_universe_set_many(&sacn->port.universe, channels, values, n);
}

static void sacn_flush(void *self)
{
    struct sacn *sacn = self;

    sacn_port_flush(&sacn->port, fc_now_ns());
}

/* Goes on with the values of the instance in whose place it comes, if it is the same universe. */
static void sacn_inherit(void *self, void *previous)
{
    struct sacn *sacn = self;
    const struct sacn *before = previous;

    if (before->port.number != sacn->port.number)
        return;
    sacn->port.sequence = before->port.sequence;
    dmx_universe_inherit(&sacn->port.universe, &before->port.universe);
}

static void sacn_describe(const void *self, char *text, size_t bytes)
{
    const struct sacn *sacn = self;

    sacn_port_describe(&sacn->port, fc_now_ns(), text, bytes);
}

const struct fc_backend backend_sacn = {
    .name = "sacn",
    .options = sacn_options,
    .instance_new = sacn_new,
    .instance_free = sacn_free,
    .configure = sacn_configure,
    .configured = sacn_configured,
    .is_doubtful = sacn_is_doubtful,
    .canonical = sacn_canonical,
    .channel = sacn_channel,
    .start = sacn_start,
    .stop = sacn_stop,
    .set = sacn_set,
    .set_many = sacn_set_many,
    .flush = sacn_flush,
    .inherit = sacn_inherit,
    .beside = sacn_beside,
    .describe = sacn_describe,
};
