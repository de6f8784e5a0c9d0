/* SPDX-License-Identifier: BSD-2-Clause */
/* What a replay does with an instance: it gives the worker the batches of a recording. */
#ifndef BROKER_PYTHON_REPLAY_H
#define BROKER_PYTHON_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fc_instance;
struct message_batch;

/* Whether its worker waits for a batch. */
bool python_is_idle(const struct fc_instance *instance);

/* Sends an idle worker a batch of a recording; its channels are ids of the instance. */
void python_replay(struct fc_instance *instance, const struct message_batch *batch);

/* Has the worker call its intervals, by the numbers that are in the recording. */
void python_replay_ticks(struct fc_instance *instance, const uint32_t *ids, size_t n);

#endif
