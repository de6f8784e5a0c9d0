/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Universe discovery of sACN. Out: a net says every ten seconds which universes it sends. In: a universe that
 * others say they send is noted at its port, for `firecurtain status`; and logged with `detect`. Used in the
 * broker.
 */
#ifndef BROKER_BACKENDS_SACN_DISCOVERY_H
#define BROKER_BACKENDS_SACN_DISCOVERY_H

#include "broker/backends/sacn_socket.h"

#define SACN_DISCOVERY_NS (10 * FC_NS_PER_S)

/* Begins with the first port of a net; further calls do nothing. 0 or -errno. */
int sacn_discovery_begin(struct sacn_net *net, struct fc_instance *instance);

/* Ends with the last port. */
void sacn_discovery_end(struct sacn_net *net);

/* Takes a page of what another source sends. */
void sacn_discovery_receive(struct sacn_net *net, const struct sacn_received *received, uint64_t now_ns);

#endif
