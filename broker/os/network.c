/* SPDX-License-Identifier: BSD-2-Clause */
/* Cookies of networks; see SO_NETNS_COOKIE in socket(7). Runs in the broker and in the keeper. */
#include "broker/os/network.h"

#include <sys/socket.h>

#include "firecurtain/cleanup.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

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
