/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions in the place of the C library's, which the dynamic linker gives to libzmq and libmicrohttpd, too.
 * Only in the program of the desk, in any of its threads.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "broker/desk/guard.h"

int accept4(int fd, struct sockaddr *address, socklen_t *bytes, int flags)
{
    return guard_accept(fd, address, bytes, flags);
}

/* libzmq uses no flags, and the link does. */
ssize_t recv(int fd, void *buffer, size_t bytes, int flags)
{
    return guard_receive(fd, buffer, bytes, flags);
}

int close(int fd)
{
    return guard_close(fd);
}

/*
 * libmicrohttpd sends a head and a body at once: so the system call itself, which can also pass descriptors
 * and name addresses, stays forbidden to the desk. SIGPIPE is ignored.
 */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    (void)flags;
    if (message->msg_controllen || message->msg_namelen) {
        errno = EPERM;
        return -1;
    }
    return writev(fd, message->msg_iov, (int)message->msg_iovlen);
}
