/* SPDX-License-Identifier: BSD-2-Clause */
/* The hosts that an OSC instance sends to, as configured: one, or several with commas between them. Pure. */
#ifndef BROKER_BACKENDS_OSC_DESTINATIONS_H
#define BROKER_BACKENDS_OSC_DESTINATIONS_H

#include <stddef.h>

#include "broker/backends/net_host.h"

#define OSC_DESTINATIONS_MAX 16

struct osc_destinations {
    struct net_host hosts[OSC_DESTINATIONS_MAX];
    size_t n;
};

void osc_destinations_clear(struct osc_destinations *destinations);

/*
 * Reads `HOST PORT, HOST PORT…`. -EINVAL with `reason` filled and nothing changed, FC_DOUBT if there is more
 * text after one, or -ENOMEM.
 */
int osc_destinations_read(struct osc_destinations *destinations, const char *value, struct fc_reason *reason);

#endif
