/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for recvfrom(): before a datagram is taken with its sender's address, the gate is asked to look
 * at it, so that the script may answer (broker/gate/peers.h). The question is listen(), which has no other
 * meaning for a datagram socket.
 */
#include "worker/libc/names.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "worker/libc/libc.h"

/* Tells whether it is an internet socket for datagrams, with a port. */
static bool peers_is_bound(int fd)
{
    struct sockaddr_in6 at = {.sin6_port = 0}; /* at the same place as in sockaddr_in */
    socklen_t n = sizeof(at);
    int type = 0;
    socklen_t n_type = sizeof(type);

    return getsockname(fd, (struct sockaddr *)&at, &n) == 0 &&
           (at.sin6_family == AF_INET || at.sin6_family == AF_INET6) && at.sin6_port != 0 &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n_type) == 0 && type == SOCK_DGRAM;
}

/* Waits for a datagram as a blocking recvfrom() would. 0, or -1 with errno set. */
static int peers_wait(int fd, int flags)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    struct timeval limit = {0};
    socklen_t n = sizeof(limit);
    int r;

    if ((flags & MSG_DONTWAIT) || (fcntl(fd, F_GETFL) & O_NONBLOCK))
        return 0;
    if (getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &n) < 0)
        limit = (struct timeval){0};
    r = poll(&ready, 1,
             limit.tv_sec || limit.tv_usec ? (int)(limit.tv_sec * 1000 + limit.tv_usec / 1000) : -1);
    if (r == 0)
        errno = EAGAIN;
    return r > 0 ? 0 : -1;
}

/* Asks the gate for a look. Whatever it says, the datagram can be taken. */
static void peers_ask(int fd)
{
    int saved = errno;

    syscall(SYS_listen, fd, 0);
    errno = saved;
}

ssize_t recvfrom(int fd, void *bytes, size_t n, int flags, struct sockaddr *from, socklen_t *n_from)
{
    bool asks = from && libc_facts.is_confined && !libc_facts.has_network && peers_is_bound(fd);

    if (asks && peers_wait(fd, flags) < 0)
        return -1;
    if (asks)
        peers_ask(fd);
    return LIBC_NEXT(recvfrom)(fd, bytes, n, flags, from, n_from);
}
