/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses of IPv4 and IPv6, with their ports. For backends whose sockets may be of either kind; used in the
 * broker.
 */
#ifndef BROKER_BACKENDS_NET_ADDRESS_H
#define BROKER_BACKENDS_NET_ADDRESS_H

#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define NET_ADDRESS_TEXT_BYTES 72 /* of an address as text, with its NUL */

struct net_address {
    struct sockaddr_storage storage;
    socklen_t bytes; /* 0: none */
};

/* Returns an address that was looked up. */
struct net_address net_address_of(const struct addrinfo *found);

/* Returns the port, or 0 for what has none. */
uint16_t net_address_port(const struct net_address *address);

void net_address_set_port(struct net_address *address, uint16_t port);

/* Whether both are of the same host; IPv4 in an address of IPv6 is the same as IPv4. */
bool net_address_is_host(const struct net_address *one, const struct net_address *other);

/* Whether both are of the same host and port. */
bool net_address_is(const struct net_address *one, const struct net_address *other);

/* Writes an address for people: `127.0.0.1:80` or `[::1]:80`. */
void net_address_print(const struct net_address *address, char *text, size_t bytes);

/* Whether a socket that is bound to `address` also reaches IPv4, by addresses of the form ::ffff:1.2.3.4. */
bool net_address_is_dual_stack(const struct addrinfo *address);

/* Opens a socket for UDP that does not block, and that is not restricted to IPv6. 0 or -errno. */
int net_address_open(int *fd, int family);

#endif
