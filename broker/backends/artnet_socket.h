/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP sockets of Art-Net: instances with the same bind share one, which finds the instance by the
 * Port-Address. It must not know what is in a packet but for its kind and Port-Address. Used in the broker.
 *
 * Invariant: a socket is open as long as an instance has it.
 */
#ifndef BROKER_BACKENDS_ARTNET_SOCKET_H
#define BROKER_BACKENDS_ARTNET_SOCKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/backends/artnet_codec.h"
#include "broker/backends/artnet_timecode.h"
#include "broker/backends/dmx_universe.h"
#include "broker/backends/net_failure.h"

#define HASH_NONFATAL_OOM 1 /* an entry is left out, and nothing ends */
#include <uthash.h>

#define ARTNET_MAX_ASKERS 16
#define ARTNET_MAX_NODES  256

/* Where the frames of a port go. */
enum artnet_output {
    ARTNET_NOWHERE,
    ARTNET_FIXED,       /* to `destination`, which may be a broadcast address */
    ARTNET_SUBSCRIBERS, /* to the nodes that say that they receive this Port-Address */
};

/* One universe of a socket, which is one instance. */
struct artnet_port {
    UT_hash_handle hh; /* in its socket, by address */
    uint16_t address;
    struct artnet_socket *socket; /* NULL while stopped */
    enum artnet_output output;
    struct sockaddr_in destination;
    struct fc_timer *timer;
    uint64_t armed_ns;    /* what the timer is set to */
    uint8_t sequence;     /* of the last frame that was sent; 0: none */
    bool is_synchronized; /* ArtSync follows its frames */
    uint64_t held_until_ns;
    struct dmx_universe universe;
    struct artnet_timecode timecode;
};

/* Somebody who polled, and is answered after a while. */
struct artnet_asker {
    struct sockaddr_in address;
    struct in_addr local; /* our address, as the asker sees it */
    uint16_t low, high;   /* the ports that it asks for */
    uint64_t due_ns;
};

/* What a node has said of some of its ports. */
struct artnet_node {
    struct sockaddr_in address;
    uint8_t bind_index;
    uint8_t n_outputs;
    uint16_t outputs[ARTNET_REPLY_PORTS];
    uint64_t heard_ns;
};

/* See artnet_poll.h. */
struct artnet_poll {
    struct fc_timer *timer;
    struct in_addr announced; /* in place of our own address; 0.0.0.0: none */
    unsigned n_answered;
    size_t n_askers;
    struct artnet_asker askers[ARTNET_MAX_ASKERS];
    uint64_t next_ns; /* when we poll next; 0: never */
    struct sockaddr_in broadcast;
    size_t n_nodes;
    struct artnet_node nodes[ARTNET_MAX_NODES];
};

/* See artnet_sync.h. */
struct artnet_sync {
    struct fc_timer *timer;
    struct sockaddr_in broadcast;
    bool is_due;
};

struct artnet_received {
    struct artnet_packet packet;
    struct sockaddr_in from;
    struct in_addr local;  /* the address that it came to, or that of the interface if it was broadcast */
    bool is_own_broadcast; /* sent by this very socket */
};

/* Takes a sound packet. Returns what it cost, in events. */
typedef unsigned (*artnet_socket_fn)(struct artnet_socket *socket, const struct artnet_received *received);

struct artnet_socket {
    struct artnet_socket *next;
    struct sockaddr_in bind;
    int fd;
    struct fc_watch *watch;
    artnet_socket_fn take;
    bool detect;               /* universes that no port has */
    struct artnet_port *ports; /* hash; at least one */
    struct artnet_poll poll;
    struct artnet_sync sync;
    struct artnet_clock clock;
    struct net_failure failure;
    uint64_t detected_ns; /* the last line about a universe that no port has */
    uint8_t packet[2048];
};

/*
 * Joins the socket with this bind, which is opened if it is the first port. 0 or -errno; -EADDRINUSE also if
 * there is a port with this address.
 */
int artnet_socket_join(struct artnet_port *port, const struct sockaddr_in *bind, artnet_socket_fn take);

/* Leaves it, and closes it after the last port. A port that has not joined stays as it is. */
void artnet_socket_leave(struct artnet_port *port);

/* Returns the name of an instance that has a socket with this bind, or NULL. */
const char *artnet_socket_owner(const struct sockaddr_in *bind);

/* Returns NULL if there is no such port. */
struct artnet_port *artnet_socket_find(const struct artnet_socket *socket, uint16_t address);

/* Sends a packet; what fails is said in the log. */
void artnet_socket_send(struct artnet_socket *socket, const struct sockaddr_in *to, const uint8_t *packet,
                        size_t bytes);

#endif
