/* SPDX-License-Identifier: BSD-2-Clause */
/* The broker's end of a link for tests: a listening socket, as keepers make them, with the link adopting it.
 */
#ifndef TESTS_UNIT_LINK_FIXTURE_H
#define TESTS_UNIT_LINK_FIXTURE_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/link.h"

/* Listens on the unix socket at `path`. The descriptor or -errno. */
static inline int fixture_listen(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, r = 0;

    if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >= (int)sizeof(address.sun_path))
        return -ENAMETOOLONG;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
        r = -errno;
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

/* Makes the broker's end of a link at `path`. 0 or -errno. */
static inline int fixture_bind(struct link **link, struct link_context *context, const char *path)
{
    int fd = fixture_listen(path);
    int r = fd < 0 ? fd : link_adopt(link, context, path, fd);

    if (r < 0 && fd >= 0)
        close(fd);
    return r;
}

#endif
