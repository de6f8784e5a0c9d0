/* SPDX-License-Identifier: BSD-2-Clause */
/* How events get from the queue to the worker. */
#include "broker/python/pump.h"

#include "broker/guest/batch.h"
#include "broker/python/journal.h"
#include "broker/python/private.h"
#include "broker/python/stats.h"

/* The script is handling the first `n` events of the queue now. */
static void python_begin(struct python *python, size_t n)
{
    const uint32_t *channels;
    const double *values;

    python_count_sent(python, n);
    if (!n)
        return;
    queue_peek(&python->queue, &channels, &values);
    for (size_t i = 0; i < n; i++)
        python->inputs[channels[i]] = values[i];
    queue_consume(&python->queue, n);
}

void python_begin_ahead(struct python *python)
{
    size_t n = python->n_ahead;

    python->n_ahead = 0;
    if (n)
        python_begin(python, n);
}

/* Not while the next worker waits for this one, nor if the oldest events may have to be dropped. */
static bool python_may_send_ahead(const struct python *python)
{
    return !python->next.is_ready && python->queue.overflow != QUEUE_DROP_OLDEST &&
           guest_takes_ahead(python->guest) && !python_is_recorded(python);
}

static void python_send_events(struct python *python)
{
    const uint32_t *channels;
    const double *values;
    size_t n;

    if (guest_is_idle(python->guest) && python_leaves_it_to_replay(python))
        return;
    if (guest_is_idle(python->guest)) {
        n = queue_peek(&python->queue, &channels, &values);
        python_begin(python, guest_send(python->guest, channels, values, n));
    } else if (python_may_send_ahead(python)) {
        n = queue_peek(&python->queue, &channels, &values);
        python->n_ahead = guest_send(python->guest, channels, values, n);
    }
}

void python_pump(struct python *python)
{
    python_send_events(python);
    guest_tell_ticks(python->guest);
}
