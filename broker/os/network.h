/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells networks (network namespaces) apart by the cookies that the kernel gives them. */
#ifndef BROKER_OS_NETWORK_H
#define BROKER_OS_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

/* Returns the cookie of the network that a socket is in, or 0 if the kernel does not tell. */
uint64_t network_of(int socket);

/* Returns the cookie of this process's network, or 0. */
uint64_t network_own(void);

/* Returns the cookie of a socket (SO_COOKIE), which no other socket ever has; 0 if it is none. */
uint64_t network_cookie(int socket);

bool network_is_unix(int socket);

/*
 * Returns whether a descriptor may be handed to another process: not if it is a unix socket that is not
 * connected yet, or could be connected anew, and so could reach every service of this machine.
 */
bool network_may_hand_out(int fd);

#endif
