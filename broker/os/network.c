/* SPDX-License-Identifier: BSD-2-Clause */
/* Cookies of networks and sockets; see SO_NETNS_COOKIE in socket(7). Runs in gates, the keeper and the
 * broker. */
#include "broker/os/network.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/socket_options.h"

uint64_t network_of(int socket)
{
    uint64_t cookie = 0;
    socklen_t bytes = sizeof(cookie);

    return getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &bytes) < 0 ? 0 : cookie;
}

uint64_t network_own(void)
{
    FC_AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    return fd < 0 ? 0 : network_of(fd);
}

uint64_t network_cookie(int socket)
{
    uint64_t cookie = 0;
    socklen_t bytes = sizeof(cookie);

    return getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &bytes) < 0 ? 0 : cookie;
}

bool network_is_unix(int socket)
{
    int domain = -1;
    socklen_t bytes = sizeof(domain);

    return getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &bytes) == 0 && domain == AF_UNIX;
}

bool network_may_hand_out(int fd)
{
    int type = -1;
    socklen_t bytes = sizeof(int);
    struct sockaddr_un peer;

    if (!network_is_unix(fd))
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) < 0 || type == SOCK_DGRAM)
        return false;
    bytes = sizeof(peer);
    return getpeername(fd, (struct sockaddr *)&peer, &bytes) == 0;
}
