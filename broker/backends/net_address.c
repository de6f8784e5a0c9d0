/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of either family, and sockets for them. Used in the broker. */
#include "broker/backends/net_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firecurtain/cleanup.h"

struct net_address net_address_of(const struct addrinfo *found)
{
    struct net_address address = {.bytes = found->ai_addrlen};

    memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
    return address;
}

/* Returns the host alone, as IPv6. */
static struct in6_addr host_of(const struct net_address *address)
{
    struct sockaddr_in6 in6;
    struct sockaddr_in in;

    if (address->storage.ss_family == AF_INET6) {
        memcpy(&in6, &address->storage, sizeof(in6));
        return in6.sin6_addr;
    }
    memcpy(&in, &address->storage, sizeof(in));
    in6.sin6_addr = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(in6.sin6_addr.s6_addr + 12, &in.sin_addr, sizeof(in.sin_addr));
    return in6.sin6_addr;
}

uint16_t net_address_port(const struct net_address *address)
{
    if (address->storage.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&address->storage)->sin6_port);
    if (address->storage.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&address->storage)->sin_port);
    return 0;
}

void net_address_set_port(struct net_address *address, uint16_t port)
{
    if (address->storage.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&address->storage)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)&address->storage)->sin_port = htons(port);
}

bool net_address_is_host(const struct net_address *one, const struct net_address *other)
{
    struct in6_addr first = host_of(one), second = host_of(other);

    return one->bytes > 0 && other->bytes > 0 && memcmp(&first, &second, sizeof(first)) == 0;
}

bool net_address_is(const struct net_address *one, const struct net_address *other)
{
    return net_address_is_host(one, other) && net_address_port(one) == net_address_port(other);
}

void net_address_print(const struct net_address *address, char *text, size_t bytes)
{
    struct in6_addr host = host_of(address);
    bool is_v4 = IN6_IS_ADDR_V4MAPPED(&host);
    char name[INET6_ADDRSTRLEN] = "";

    inet_ntop(is_v4 ? AF_INET : AF_INET6, host.s6_addr + (is_v4 ? 12 : 0), name, sizeof(name));
    snprintf(text, bytes, is_v4 ? "%s:%u" : "[%s]:%u", name, net_address_port(address));
}

bool net_address_is_dual_stack(const struct addrinfo *address)
{
    struct sockaddr_in6 in6;

    if (address->ai_family != AF_INET6)
        return false;
    memcpy(&in6, address->ai_addr, sizeof(in6));
    return IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr) || IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr);
}

int net_address_open(int *fd, int family)
{
    FC_AUTO_CLOSE int made = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int off = 0;

    if (made < 0)
        return -errno;
    if (family == AF_INET6 && setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
        return -errno;
    *fd = fc_steal_fd(&made);
    return 0;
}
