/* SPDX-License-Identifier: BSD-2-Clause */
/* How the broker ends the link to a driver, or the driver. Only for this folder. */
#ifndef BROKER_PROXY_END_H
#define BROKER_PROXY_END_H

struct proxy;

/* Closes the link; what waits for the driver gives way to the channels' values, which the next one is told.
 */
void proxy_end_link(struct proxy *proxy);

/* Kills the driver, for the reason that is logged when it has ended; another follows. */
void proxy_end_driver(struct proxy *proxy, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
