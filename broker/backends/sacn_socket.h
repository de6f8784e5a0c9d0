/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP sockets of sACN. Instances with the same bind share a net: a socket that sends and receives unicast,
 * and as many that receive multicast as its groups need. It must not know what is in a packet but for its
 * kind. Used in the broker.
 *
 * Invariants: a net is open as long as an instance has it. A group is joined as long as somebody has asked
 * for it, on one socket.
 */
#ifndef BROKER_BACKENDS_SACN_SOCKET_H
#define BROKER_BACKENDS_SACN_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/backends/dmx_universe.h"
#include "broker/backends/net_failure.h"
#include "broker/backends/sacn_codec.h"
#include "broker/backends/sacn_group.h"

#define HASH_NONFATAL_OOM 1 /* an entry is left out, and nothing ends */
#include <uthash.h>

/* Linux has no more than this for a socket (net.ipv4.igmp_max_memberships). */
#define SACN_GROUPS_PER_SOCKET 20

struct sacn_net;

/* One universe of a net, which is one instance. */
struct sacn_port {
    UT_hash_handle hh;    /* in its net, by number */
    uint16_t number;      /* of the universe */
    struct sacn_net *net; /* NULL while stopped */
    struct fc_timer *timer;
    uint64_t armed_ns; /* what the timer is set to */
    struct dmx_universe universe;

    /* in */
    bool is_unicast; /* the group is not joined */
    bool is_joined;
    bool takes_preview;
    bool takes_priorities; /* of single slots */
    bool is_filtered;      /* only this source counts */
    uint8_t wanted[SACN_CID_BYTES];
    uint16_t sync_universe; /* whose group is joined for the sake of the source; 0: none */
    uint64_t sync_changed_ns;
    bool is_free_soon; /* frames need not wait if syncs cease to come, the source says */
    uint64_t held_until_ns;
    unsigned n_added;   /* sources */
    char announcer[48]; /* who says that it sends the universe */
    uint64_t announced_ns;

    /* out */
    uint8_t priority; /* 0: nothing is sent */
    struct sacn_source source;
    bool has_destination; /* else it is the group */
    union sacn_address destination;
    uint16_t sync_out; /* the universe of its synchronization packets; 0: none */
    uint8_t sequence;  /* of the last frame that was sent */
};

/* A socket of a net. */
struct sacn_socket {
    struct sacn_socket *next;
    struct sacn_net *net;
    int fd;
    struct fc_watch *watch;
    size_t n_groups;
    bool is_full; /* the kernel said so */
};

/* A group that somebody has asked for. */
struct sacn_group {
    UT_hash_handle hh; /* in its net, by universe */
    uint16_t universe;
    unsigned n_users;
    struct sacn_socket *socket; /* NULL while the interface is gone */
};

struct sacn_received {
    struct sacn_packet packet;
    union sacn_address from;
};

/* Takes a sound packet. Returns what it cost, in events. */
typedef unsigned (*sacn_net_fn)(struct sacn_net *net, const struct sacn_received *received);

/* Sends synchronization packets; see sacn_sync.h. */
struct sacn_syncs {
    struct fc_timer *timer;
    uint16_t *universes; /* to which one is due */
    size_t n, room;
    uint8_t sequence;
};

/* See sacn_discovery.h. */
struct sacn_discovery {
    struct fc_timer *timer;
    bool is_joined;
    uint64_t next_ns;     /* when the next pages are sent */
    uint64_t detected_ns; /* the last line about universes that a source sends */
};

struct sacn_net {
    struct sacn_net *next;
    struct sacn_bind bind;
    uint16_t port;               /* of multicast */
    struct sacn_socket main;     /* has no groups */
    struct sacn_socket *sockets; /* those with groups */
    struct sacn_group *groups;   /* hash */
    struct sacn_port *ports;     /* hash; at least one */
    sacn_net_fn take;
    struct sacn_syncs syncs;
    struct sacn_discovery discovery;
    bool detect;
    bool is_broken; /* some groups have no socket */
    struct net_failure failure;
    uint64_t detected_ns; /* the last line about a universe that no port has */
    uint8_t packet[2048];
};

/*
 * Returns the net with this bind in `netp`, which is opened if there is none yet; it has no ports then. 0 or
 * -errno.
 */
int sacn_net_open(struct sacn_net **netp, const struct sacn_bind *bind, struct fc_instance *instance);

/* Closes it, if it has no ports any more. */
void sacn_net_close(struct sacn_net *net);

/* Returns an instance that has the net, for its lines in the log. */
struct fc_instance *sacn_net_owner(const struct sacn_net *net);

/* Returns NULL if there is no such port. */
struct sacn_port *sacn_net_find(const struct sacn_net *net, uint16_t number);

/* Joins the group of a universe, once for each user. 0 or -errno. */
int sacn_net_join(struct sacn_net *net, uint16_t universe);

/* Takes one such call back, if there was one. */
void sacn_net_leave(struct sacn_net *net, uint16_t universe);

/*
 * Opens all sockets anew if the interface has gone or is another one, as when an adapter is plugged in again.
 * To be called now and then: nothing announces it.
 */
void sacn_net_renew(struct sacn_net *net);

/* Sends a packet; what fails is said in the log. */
void sacn_net_send(struct sacn_net *net, const union sacn_address *to, const uint8_t *packet, size_t bytes);

/* Sends it to the group of a universe. */
void sacn_net_send_to_group(struct sacn_net *net, uint16_t universe, const uint8_t *packet, size_t bytes);

#endif
