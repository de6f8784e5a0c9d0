/* SPDX-License-Identifier: BSD-2-Clause */
/* The process of a driver: its birth, its death, and the next one. Only for this folder. */
#ifndef BROKER_PROXY_PROCESS_H
#define BROKER_PROXY_PROCESS_H

struct proxy;

/* Prepares the parts of a proxy that this is about. */
void proxy_process_init(struct proxy *proxy);

/* Starts a driver. If one that was stopped has not ended yet, it is started after that. 0 or -errno. */
int proxy_process_start(struct proxy *proxy);

/*
 * Tells the driver to stop, and forgets it: it has a moment to say goodbye to its device, for which nobody
 * waits. No other follows.
 */
void proxy_process_stop(struct proxy *proxy);

#endif
