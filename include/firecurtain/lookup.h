/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names to addresses, as getaddrinfo() does it; in a running broker a process of its own looks them up, since
 * what name servers answer is nobody's to trust.
 */
#ifndef FIRECURTAIN_LOOKUP_H
#define FIRECURTAIN_LOOKUP_H

#include <netdb.h>

/* Blocks. 0 with a list for fc_lookup_free(), or what gai_strerror() explains. `port` may be NULL. */
int fc_lookup(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **list);

/* Takes NULL. */
void fc_lookup_free(struct addrinfo *list);

#endif
