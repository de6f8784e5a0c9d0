/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of sockets for groups. Used in the broker, whose filter lists them (broker/os/confine_seccomp.c).
 */
#include "broker/backends/sacn_group.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/socket_options.h"

socklen_t sacn_address_bytes(const union sacn_address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
}

void sacn_address_print(const union sacn_address *address, char text[INET6_ADDRSTRLEN])
{
    const void *bytes = address->any.sa_family == AF_INET6 ? (const void *)&address->v6.sin6_addr
                                                           : (const void *)&address->v4.sin_addr;

    if (!inet_ntop(address->any.sa_family, bytes, text, INET6_ADDRSTRLEN))
        strcpy(text, "?");
}

bool sacn_address_equal(const union sacn_address *a, const union sacn_address *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr && a->v4.sin_port == b->v4.sin_port;
    return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0 &&
           a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id;
}

union sacn_address sacn_group_address(sa_family_t family, uint16_t universe, uint16_t port)
{
    union sacn_address group = {.any.sa_family = family};

    if (family == AF_INET) {
        group.v4.sin_port = htons(port);
        group.v4.sin_addr.s_addr = htonl(0xefff0000u | universe); /* 239.255.hi.lo */
        return group;
    }
    group.v6.sin6_port = htons(port);
    inet_pton(AF_INET6, "ff18::83:0:0", &group.v6.sin6_addr);
    group.v6.sin6_addr.s6_addr[14] = (uint8_t)(universe >> 8);
    group.v6.sin6_addr.s6_addr[15] = (uint8_t)universe;
    return group;
}

static int set_number(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* Returns the number of the interface that the socket is bound to by name; 0: none. */
static int device_of(int fd)
{
    int index = 0;
    socklen_t bytes = sizeof(index);

    return getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, &bytes) < 0 ? 0 : index;
}

static struct ip_mreqn membership_4(int fd, const struct sacn_bind *bind)
{
    return (struct ip_mreqn){.imr_address = bind->address.v4.sin_addr, .imr_ifindex = device_of(fd)};
}

static int interface_6(int fd, const struct sacn_bind *bind)
{
    int device = device_of(fd);

    return device ? device : (int)bind->address.v6.sin6_scope_id;
}

static int set_up_4(int fd, const struct sacn_bind *bind)
{
    struct ip_mreqn interface = membership_4(fd, bind);
    bool is_chosen = interface.imr_ifindex || interface.imr_address.s_addr != htonl(INADDR_ANY);
    int r = set_number(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);

    if (r == 0)
        r = set_number(fd, IPPROTO_IP, IP_MULTICAST_TTL, (int)bind->ttl);
    if (r == 0)
        r = set_number(fd, IPPROTO_IP, IP_MULTICAST_LOOP, bind->is_local);
    if (r == 0 && is_chosen && setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface)) < 0)
        r = -errno;
    return r;
}

static int set_up_6(int fd, const struct sacn_bind *bind)
{
    int interface = interface_6(fd, bind);
    int r = set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);

    if (r == 0)
        r = set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
    if (r == 0)
        r = set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, (int)bind->ttl);
    if (r == 0)
        r = set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, bind->is_local);
    if (r == 0 && interface)
        r = set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, interface);
    return r;
}

int sacn_group_socket(const struct sacn_bind *bind)
{
    sa_family_t family = bind->address.any.sa_family;
    FC_AUTO_CLOSE int made = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int r = made < 0 ? -errno : set_number(made, SOL_SOCKET, SO_REUSEADDR, 1);

    if (r == 0 && bind->device[0] &&
        setsockopt(made, SOL_SOCKET, SO_BINDTODEVICE, bind->device, (socklen_t)strlen(bind->device)) < 0)
        r = -errno;
    if (r == 0)
        r = family == AF_INET ? set_up_4(made, bind) : set_up_6(made, bind);
    return r < 0 ? r : fc_steal_fd(&made);
}

static int change_6(int fd, const struct sacn_bind *bind, uint16_t universe, int option)
{
    union sacn_address group = sacn_group_address(AF_INET6, universe, 0);
    struct ipv6_mreq membership = {.ipv6mr_multiaddr = group.v6.sin6_addr,
                                   .ipv6mr_interface = (unsigned)interface_6(fd, bind)};

    return setsockopt(fd, IPPROTO_IPV6, option, &membership, sizeof(membership)) < 0 ? -errno : 0;
}

static int change_4(int fd, const struct sacn_bind *bind, uint16_t universe, int option)
{
    union sacn_address group = sacn_group_address(AF_INET, universe, 0);
    struct ip_mreqn membership = membership_4(fd, bind);

    membership.imr_multiaddr = group.v4.sin_addr;
    return setsockopt(fd, IPPROTO_IP, option, &membership, sizeof(membership)) < 0 ? -errno : 0;
}

int sacn_group_join(int fd, const struct sacn_bind *bind, uint16_t universe)
{
    if (bind->address.any.sa_family == AF_INET)
        return change_4(fd, bind, universe, IP_ADD_MEMBERSHIP);
    return change_6(fd, bind, universe, IPV6_JOIN_GROUP);
}

int sacn_group_leave(int fd, const struct sacn_bind *bind, uint16_t universe)
{
    if (bind->address.any.sa_family == AF_INET)
        return change_4(fd, bind, universe, IP_DROP_MEMBERSHIP);
    return change_6(fd, bind, universe, IPV6_LEAVE_GROUP);
}

bool sacn_group_is_joined(int fd, const struct sacn_bind *bind, uint16_t universe)
{
    int interface;

    if (bind->address.any.sa_family == AF_INET) /* joining twice is refused */
        return sacn_group_join(fd, bind, universe) == -EADDRINUSE;
    interface = interface_6(fd, bind);
    return !interface || set_number(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, interface) == 0;
}
