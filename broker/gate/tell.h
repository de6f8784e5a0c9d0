/* SPDX-License-Identifier: BSD-2-Clause */
/* What a gate has not been told yet. Runs in the broker. */
#ifndef BROKER_GATE_TELL_H
#define BROKER_GATE_TELL_H

#include "broker/gate/client_private.h"

/* Notes whether the gate's socket has no room; the loop says when it has. */
void tell_set_full(struct gate_client *client, bool is_full);

/* Notes that there is something to tell about a worker. */
void tell_queue(struct gate_link *link);

/* Tells all that is untold, as far as the socket has room. Frees links whose workers have ended. */
void tell_all(struct gate_client *client);

/* Does both. The link may be gone afterwards if its worker has ended. */
void tell_update(struct gate_link *link);

/* Frees a link that is in no list but the client's own. */
void tell_free_link(struct gate_link *link);

#endif
