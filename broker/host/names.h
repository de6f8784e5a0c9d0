/* SPDX-License-Identifier: BSD-2-Clause */
/* The names that a driver knows: getaddrinfo() has those of the hosts that it may connect to. Only for this
 * folder. */
#ifndef BROKER_HOST_NAMES_H
#define BROKER_HOST_NAMES_H

/* Takes a copy of the names and their addresses, as in hosts(5). 0 or -ENOMEM. */
int names_set(const char *hosts);

#endif
