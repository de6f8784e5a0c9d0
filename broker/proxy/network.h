/* SPDX-License-Identifier: BSD-2-Clause */
/* What a driver may connect to: its policy, and its place at the gate of the house. Only for this folder. */
#ifndef BROKER_PROXY_NETWORK_H
#define BROKER_PROXY_NETWORK_H

struct proxy;

/*
 * Looks up the hosts that the backend needs. 0; -EINPROGRESS, to be called again; or another -errno, with the
 * reason told to the core.
 */
int network_resolve(struct proxy *proxy);

/*
 * Has the gate decide on the driver's connections: `fd` is the driver's number of its notification
 * descriptor. If that fails the driver is ended, and -errno is returned.
 */
int network_open(struct proxy *proxy, int fd);

#endif
