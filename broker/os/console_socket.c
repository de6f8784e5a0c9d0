/* SPDX-License-Identifier: BSD-2-Clause */
/* Listens by TCP. What waits to be accepted while there is no desk waits in the kernel. */
#include "broker/os/console_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define CONSOLE_BACKLOG  64
#define CONSOLE_TRIES    25
#define CONSOLE_PAUSE_NS (20 * FC_NS_PER_MS)

static int console_try(const struct sockaddr *address, socklen_t n_bytes)
{
    FC_AUTO_CLOSE int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        (address->sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
        bind(fd, address, n_bytes) < 0 || listen(fd, CONSOLE_BACKLOG) < 0)
        return -errno;
    return fc_steal_fd(&fd);
}

int console_socket_listen(const struct sockaddr *address, socklen_t n_bytes)
{
    const struct timespec pause = {.tv_nsec = CONSOLE_PAUSE_NS};
    int fd = console_try(address, n_bytes);

    for (int i = 1; i < CONSOLE_TRIES && fd == -EADDRINUSE; i++) {
        nanosleep(&pause, NULL);
        fd = console_try(address, n_bytes);
    }
    return fd;
}
