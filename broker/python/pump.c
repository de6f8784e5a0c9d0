/* SPDX-License-Identifier: BSD-2-Clause */
/* How events get from the queue to the worker. */
#include "broker/python/pump.h"

#include "broker/guest/batch.h"
#include "broker/python/journal.h"
#include "broker/python/private.h"
#include "broker/python/stats.h"
#include "firecurtain/log.h"

/* Notes the first `n` values of the batch as those that the script was called for last. */
static void python_set_inputs(struct python *python, size_t n)
{
    const struct queue_list *batch = &python->batch;

    for (size_t i = 0; i < n; i++)
        python->inputs[batch->channels[i]] = batch->values[i];
}

/* The script has been handling the first `n` events of the queue since `sent_ns`: they move to the batch. */
static void python_begin(struct python *python, size_t n, uint64_t sent_ns)
{
    const uint32_t *channels;
    const double *values;

    python_count_sent(python, n, sent_ns);
    if (!n)
        return;
    queue_peek(&python->queue, &channels, &values);
    if (queue_list_add(&python->batch, channels, values, n) < 0)
        fc_log(FC_LOG_ERROR, python->instance->name,
               "out of memory: if its worker ends now, a batch is lost");
    queue_consume(&python->queue, n);
    python_answers_begin(&python->answers, n);
}

void python_finish_batch(struct python *python)
{
    if (!python->batch.n || (guest_is_busy(python->guest) && !python_is_at_ahead(python)))
        return;
    python_set_inputs(python, python->batch.n);
    python->batch.n = 0;
    python_answers_done(&python->answers);
    if (python->batch.capacity > PYTHON_KEPT_EVENTS && !queue_length(&python->queue))
        queue_list_deinit(&python->batch);
}

void python_take_back(struct python *python)
{
    struct queue_list *batch = &python->batch;
    size_t n_over = python->guest ? guest_events_over(python->guest) : 0;
    size_t n_left;

    python->n_ahead = 0;
    n_over = n_over < batch->n ? n_over : batch->n;
    n_left = batch->n - n_over;
    python_set_inputs(python, n_over);
    python_journal_cut(python, n_over);
    python_answers_put_back(&python->answers, n_left);
    if (n_left &&
        queue_put_back(&python->queue, batch->channels + n_over, batch->values + n_over, n_left) < 0) {
        python->counters.dropped += n_left;
        fc_log(FC_LOG_ERROR, python->instance->name, "out of memory: %zu events were lost", n_left);
    }
    batch->n = 0;
}

void python_drop_events(struct python *python)
{
    size_t n = queue_length(&python->queue);

    if (n)
        fc_log(FC_LOG_WARNING, python->instance->name, "%zu events that waited for it were dropped", n);
    python->counters.dropped += n;
    queue_clear(&python->queue);
    python_answers_clear(&python->answers);
}

void python_begin_ahead(struct python *python)
{
    size_t n = python->n_ahead;

    python->n_ahead = 0;
    if (n)
        python_begin(python, n, fc_now_ns());
}

/* Not while the next worker waits for this one, nor if the oldest events may have to be dropped, nor if
 * answers are among them. */
static bool python_may_send_ahead(const struct python *python)
{
    return !python->next.is_ready && python->queue.overflow != QUEUE_DROP_OLDEST &&
           guest_takes_ahead(python->guest) && !python_is_recorded(python) &&
           !python_answers_wait(&python->answers);
}

static void python_send_events(struct python *python)
{
    const uint32_t *channels;
    const double *values;
    uint64_t sent_ns;
    size_t n;

    if (guest_is_idle(python->guest) && python_leaves_it_to_replay(python))
        return;
    if (guest_is_idle(python->guest)) {
        n = queue_peek(&python->queue, &channels, &values);
        n = python_answers_limit(&python->answers, n);
        sent_ns = fc_now_ns(); /* before the worker can take this processor from the broker */
        python_begin(python, guest_send(python->guest, channels, values, n), sent_ns);
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
