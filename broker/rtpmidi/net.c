/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening sockets of RTP-MIDI. Used in the broker. */
#include "broker/rtpmidi/net.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

#define FIRST_FREE 49152 /* of the ports that nobody has reserved; an even one is for control */
#define ATTEMPTS   64

static int bind_one(int *fd, const struct net_address *address)
{
    FC_AUTO_CLOSE int made = -1;
    int r = net_address_open(&made, address->storage.ss_family);

    if (r < 0)
        return r;
    if (bind(made, (const struct sockaddr *)&address->storage, address->bytes) < 0)
        return -errno;
    *fd = fc_steal_fd(&made);
    return 0;
}

/* Binds the data port `port` and the one below it. */
static int bind_both(struct rtpmidi_net *net, struct net_address address, uint16_t port, bool has_sessions)
{
    int r;

    net_address_set_port(&address, port);
    r = bind_one(&net->data, &address);
    if (r < 0 || !has_sessions)
        return r;
    net_address_set_port(&address, (uint16_t)(port - 1));
    r = bind_one(&net->control, &address);
    if (r < 0)
        rtpmidi_net_close(net);
    return r;
}

/* Binds two free ports, one after the other. */
static int bind_any(struct rtpmidi_net *net, const struct net_address *address)
{
    int r = -EADDRINUSE;

    for (unsigned i = 0; i < ATTEMPTS && r == -EADDRINUSE; i++) {
        uint16_t random;

        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
            return -errno;
        r = bind_both(net, *address, (uint16_t)(FIRST_FREE | random | 1), true);
    }
    return r;
}

int rtpmidi_net_open(struct rtpmidi_net *net, struct fc_lookups *lookups, const struct net_host *host,
                     bool has_sessions, struct fc_reason *reason)
{
    uint16_t port = (uint16_t)strtoul(host->port, NULL, 10);
    const struct addrinfo *found;
    int r = net_host_look_up(&found, lookups, host, AF_UNSPEC, AI_PASSIVE, reason);

    for (const struct addrinfo *at = found; at; at = at->ai_next) {
        struct net_address address = net_address_of(at);

        net->family = at->ai_family;
        net->flags = net_address_is_dual_stack(at) ? AI_V4MAPPED | AI_ALL : 0;
        r = port == 0 && has_sessions ? bind_any(net, &address) : bind_both(net, address, port, has_sessions);
        if (r == 0)
            return 0;
        r = net_host_bind_failed(reason, host, -r, NULL);
    }
    return r;
}

int rtpmidi_net_find(const struct rtpmidi_net *net, struct fc_lookups *lookups, const struct net_host *host,
                     struct net_address *address, struct fc_reason *reason)
{
    const struct addrinfo *found;
    int r = net_host_look_up(&found, lookups, host, net->family, net->flags, reason);

    if (r == 0)
        *address = net_address_of(found);
    return r;
}

void rtpmidi_net_close(struct rtpmidi_net *net)
{
    if (net->data >= 0)
        close(fc_steal_fd(&net->data));
    if (net->control >= 0)
        close(fc_steal_fd(&net->control));
}
