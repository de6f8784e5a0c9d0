/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multicast groups of sACN: the address of a universe's group, and the options of sockets that have to do
 * with groups, for IPv4 and IPv6. Used in the broker.
 */
#ifndef BROKER_BACKENDS_SACN_GROUP_H
#define BROKER_BACKENDS_SACN_GROUP_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* An address of either family. */
union sacn_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

socklen_t sacn_address_bytes(const union sacn_address *address);

/* Writes the address, without the port. */
void sacn_address_print(const union sacn_address *address, char text[INET6_ADDRSTRLEN]);

bool sacn_address_equal(const union sacn_address *a, const union sacn_address *b);

/* What a configured bind says, with its host looked up. */
struct sacn_bind {
    union sacn_address address; /* of an interface, or any; and the port */
    char device[IFNAMSIZ];      /* "": the interface that has the address */
    bool is_local;              /* other programs on this machine hear what we send to groups */
    unsigned ttl;
};

/* Returns the address of a universe's group, at this port. */
union sacn_address sacn_group_address(sa_family_t family, uint16_t universe, uint16_t port);

/* Makes a socket that sends to groups on the bind's interface, and is not bound yet. -errno. */
int sacn_group_socket(const struct sacn_bind *bind);

/* Joins or leaves a universe's group on the bind's interface. 0 or -errno. */
int sacn_group_join(int fd, const struct sacn_bind *bind, uint16_t universe);
int sacn_group_leave(int fd, const struct sacn_bind *bind, uint16_t universe);

/*
 * Whether a group that was joined still is: not if its interface has gone, or has another number. With `::`
 * and no device, the answer is always yes.
 */
bool sacn_group_is_joined(int fd, const struct sacn_bind *bind, uint16_t universe);

#endif
