/* SPDX-License-Identifier: BSD-2-Clause */
/* What a running guest is sent: batches of events, ticks of its intervals, its channels. */
#ifndef BROKER_GUEST_BATCH_H
#define BROKER_GUEST_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/codec.h"

struct guest;

/*
 * Whether the guest would take another batch behind the one that it has. True behind a large batch, so that
 * the next one is there before the script is done and nobody waits. Not while sockets are ready: their turn
 * comes with the next batch for an idle guest. NULL is fine.
 */
bool guest_takes_ahead(const struct guest *guest);

/*
 * Sends events, and the sockets that are ready, as one batch to a guest that is idle or takes one ahead.
 * Sends nothing if there is nothing. Returns the number of events taken.
 */
size_t guest_send(struct guest *guest, const uint32_t *channels, const double *values, size_t n_events);

/* Tells a running guest, idle or not, which of its intervals are about to come due. */
void guest_tell_ticks(struct guest *guest);

/* Sends an idle guest a batch exactly as given, and nothing else that is due. */
void guest_replay(struct guest *guest, const struct message_batch *batch);

/* Has the guest call these intervals now, whether it has them or not. TICKS_MAX at most. */
void guest_replay_ticks(struct guest *guest, const uint32_t *ids, size_t n);

/* Notes that the oldest batch is done. */
void guest_batch_done(struct guest *guest);

/*
 * Of the batches that are not done, how many events are over: their handlers have returned, or the worker's
 * end came in one. Once the worker is gone, no handler has seen the others.
 */
size_t guest_events_over(const struct guest *guest);

/* Tells a guest its channels, in as many messages as it takes; a running one again. */
void guest_send_channels(struct guest *guest, const struct message_channels *channels);

#endif
