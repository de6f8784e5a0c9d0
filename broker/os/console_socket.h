/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket on which browsers find the console. Made in the broker before it confines itself. */
#ifndef BROKER_OS_CONSOLE_SOCKET_H
#define BROKER_OS_CONSOLE_SOCKET_H

#include <sys/socket.h>

/*
 * Returns a socket that listens at an address, which does not block; or -errno. May block for half a second
 * if the address is in use: the desk of a broker that was killed has it until it ends too, a moment later.
 */
int console_socket_listen(const struct sockaddr *address, socklen_t n_bytes);

#endif
