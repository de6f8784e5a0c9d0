/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One recording that is being made: gives names to what it is told of, makes blocks of it, and hands them to
 * who keeps them, who may be too slow for that: then items are left out and counted, never waited for.
 */
#ifndef BROKER_RECORD_RECORDING_H
#define BROKER_RECORD_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/codec_record.h"

#define RECORDING_MAX_WAITING (4u << 20) /* bytes for a keeper that is behind */

struct fc_instance;
struct recording;

/*
 * Takes a block (without its frame), or with no bytes a sign of life. Does not block: 0, -EAGAIN for later,
 * or another -errno: then this was the last call. `missed` is how many events were left out so far.
 */
typedef int (*recording_fn)(void *userdata, const void *block, size_t n_bytes, uint64_t missed);

/* `start` is the recording's first item. -ENOMEM. */
int recording_new(struct recording **recording, const struct record_item *start, recording_fn keep,
                  void *userdata);

/* Takes NULL; returns NULL. What waits is lost. */
struct recording *recording_free(struct recording *recording);

/*
 * Adds an item, whose channels are those of `instance` (NULL: it is about none) by their ids there. One of
 * more than RECORD_MAX_EVENTS events becomes several.
 */
void recording_add(struct recording *recording, const struct fc_instance *instance,
                   const struct record_item *item);

/* Something could not be added. */
void recording_miss(struct recording *recording, uint64_t n);

/* Hands over what there is. */
void recording_flush(struct recording *recording, uint64_t now_ns);

/* Instances may be others from now on: their names are told anew. */
void recording_forget(struct recording *recording);

/* Its keeper takes nothing any more. */
bool recording_is_over(const struct recording *recording);

#endif
