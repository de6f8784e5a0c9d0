/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks up names as getaddrinfo() does; in a running broker, in a process of its own, since answers of name
 * servers are not to be trusted.
 */
#ifndef FIRECURTAIN_LOOKUP_H
#define FIRECURTAIN_LOOKUP_H

#include <netdb.h>

/* Blocks. Returns 0 with a list for fc_lookup_free(), or a code of gai_strerror(). `port` may be NULL. */
int fc_lookup(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **list);

/* Takes NULL. */
void fc_lookup_free(struct addrinfo *list);

#endif
