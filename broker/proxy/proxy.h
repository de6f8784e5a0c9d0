/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proxies: what stands in the broker for an instance whose backend runs in a driver (firecurtain/driver.h).
 * Each has a driver of its own, which the keeper starts and broker/host is inside. What a driver says is
 * hostile and is checked here: one that breaks the protocol, or does not answer, is killed and replaced, and
 * nobody else notices. Nothing here waits for a driver.
 *
 * backend.c has the slots of the contract, process.c the birth and death of the process, link.c the
 * conversation. Runs in the broker.
 */
#ifndef BROKER_PROXY_PROXY_H
#define BROKER_PROXY_PROXY_H

#include <stdint.h>
#include <sys/types.h>

#include "firecurtain/backend.h"

/* Returns the backend that the core is to use for `row`: itself, or a proxy if it runs in a driver. */
const struct fc_backend *proxy_for(const struct fc_backend *row);

/* What there is to know of an instance's driver. */
struct proxy_status {
    pid_t pid; /* 0: there is none at the moment; and then no `uptime_ms` */
    uint64_t uptime_ms;
    uint64_t restarts;
};

/* Tells of the driver of an instance whose backend has one. */
void proxy_status_read(const struct fc_instance *instance, uint64_t now_ns, struct proxy_status *status);

#endif
