/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conversation with a driver (docs/protocol.md). Nothing that it says is believed before it is checked.
 * Only for this folder.
 */
#ifndef BROKER_PROXY_LINK_H
#define BROKER_PROXY_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "proto/codec.h"

struct proxy;

/* Returns the message that tells a driver its instance, which only points to what the proxy has. */
struct message proxy_link_setup(const struct proxy *proxy);

/* Prepares what this is about. */
void proxy_link_init(struct proxy *proxy);

/* Reads the link of a driver that was just started. -errno. */
int proxy_link_begin(struct proxy *proxy);

/* The driver has ended: handles what it had sent. */
void proxy_link_finish(struct proxy *proxy);

/* Sends what waits, and the word to stop, as far as there is room. */
void proxy_link_say_stop(struct proxy *proxy);

/* Sends a batch of what waits, if the driver is idle. */
void proxy_link_pump(struct proxy *proxy);

/* Tells a running driver its channels again, some of which have changed. */
void proxy_link_tell_channels(struct proxy *proxy);

#endif
