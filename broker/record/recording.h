/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A recording that is being made: it gives numbers to instances and channels, makes blocks of items, and
 * hands them to a keeping function (to a file, or to a client). If that is too slow, items are left out and
 * counted; the broker never waits.
 */
#ifndef BROKER_RECORD_RECORDING_H
#define BROKER_RECORD_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/codec_record.h"

#define RECORDING_MAX_WAITING (4u << 20) /* bytes that wait to be kept */

struct fc_instance;
struct recording;

/*
 * Keeps a block (without its frame), or gets a sign of life if there are no bytes. Must not block. Returns 0,
 * -EAGAIN to be called again later, or another -errno to end the recording. `missed` is the number of events
 * that were left out so far.
 */
typedef int (*recording_fn)(void *userdata, const void *block, size_t n_bytes, uint64_t missed);

/* Begins a recording with the item `start`. 0 or -ENOMEM. */
int recording_new(struct recording **recording, const struct record_item *start, recording_fn keep,
                  void *userdata);

/* Frees a recording; what waits is lost. Takes NULL; returns NULL. */
struct recording *recording_free(struct recording *recording);

/*
 * Adds an item, whose channels are given by their ids in `instance` (NULL if it is about no instance). An
 * item of more than RECORD_MAX_EVENTS events becomes several.
 */
void recording_add(struct recording *recording, const struct fc_instance *instance,
                   const struct record_item *item);

/* Counts events that could not be added. */
void recording_miss(struct recording *recording, uint64_t n);

/* Hands over what there is, even if it does not fill a block. */
void recording_flush(struct recording *recording, uint64_t now_ns);

/* Forgets the instances, since there may be others from now on: their names are written again. */
void recording_forget(struct recording *recording);

/* Whether the recording was ended by its keeping function. */
bool recording_is_over(const struct recording *recording);

#endif
