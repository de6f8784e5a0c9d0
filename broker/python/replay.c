/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps of a recording, played into a worker. */
#include "broker/python/replay.h"

#include "broker/guest/batch.h"
#include "broker/python/private.h"

bool python_is_idle(const struct fc_instance *instance)
{
    const struct python *python = instance->self;

    return instance->started && !python_is_stopping(python) && guest_is_idle(python->guest);
}

void python_replay(struct fc_instance *instance, const struct message_batch *batch)
{
    struct python *python = instance->self;

    for (size_t i = 0; i < batch->n_events; i++)
        python->inputs[batch->channels[i]] = batch->values[i];
    guest_replay(python->guest, batch);
}

void python_replay_ticks(struct fc_instance *instance, const uint32_t *ids, size_t n)
{
    struct python *python = instance->self;

    guest_replay_ticks(python->guest, ids, n);
}
