/* SPDX-License-Identifier: BSD-2-Clause */
/* A host and a port as configured, and their addresses. For backends with sockets; used in the broker. */
#ifndef BROKER_BACKENDS_NET_HOST_H
#define BROKER_BACKENDS_NET_HOST_H

#include <netdb.h>
#include <stdint.h>
#include <sys/socket.h>

#include "firecurtain/backend.h"

/* Both owned, and both NULL if not configured. */
struct net_host {
    char *name;
    char *port;
};

void net_host_clear(struct net_host *host);

/* Reads a port, which must be a number: names of services would depend on a file of the machine. -EINVAL with
 * `reason` filled. */
int net_host_read_port(const char *text, unsigned lowest, uint16_t *port, struct fc_reason *reason);

/*
 * Reads `HOST PORT`, or only `HOST` if `default_port` is not NULL. The lowest port is 0, which binds to any
 * free one, or 1. -EINVAL with `reason` filled and `host` as it was, FC_DOUBT if there is more text, or
 * -ENOMEM.
 */
int net_host_read(struct net_host *host, const char *value, const char *default_port, unsigned lowest_port,
                  struct fc_reason *reason);

/* Fills `reason` with the host and the error, and returns -error. */
int net_host_failed(struct fc_reason *reason, const struct net_host *host, int error);

/*
 * Says why a port cannot be had, and what to do: `owner` is the instance of this process that has it, or
 * NULL. Returns -error.
 */
int net_host_bind_failed(struct fc_reason *reason, const struct net_host *host, int error, const char *owner);

/* Looks up the addresses for UDP, as fc_lookup(). 0, -EINPROGRESS, or another -errno with `reason` filled. */
int net_host_look_up(const struct addrinfo **addresses, struct fc_lookups *lookups,
                     const struct net_host *host, int family, int flags, struct fc_reason *reason);

#endif
