/* SPDX-License-Identifier: BSD-2-Clause */
/* See python.h: what a Python instance tells the journal, and takes from a replay. */
#include "broker/python/private.h"
#include "broker/show/show.h"
#include "firecurtain/time.h"

static struct show_observer *python_observer(const struct python *python)
{
    return python->instance->show->router.observer;
}

uint64_t python_begins(void *userdata, enum guest_phase phase, const struct message_batch *batch)
{
    struct python *python = userdata;
    struct show_observer *observer = python_observer(python);

    if (observer)
        return observer->ops->begins(observer, python->instance, &python->step, phase, batch, fc_now_ns());
    python->step.is_open = python->step.cleanup_waits = false; /* nobody records any more */
    python->step.outputs.n = 0;
    return 0;
}

bool python_is_recorded(const struct python *python)
{
    return python_observer(python);
}

void python_journal_output(struct python *python, const uint32_t *channels, const double *values, size_t n)
{
    struct show_observer *observer = python_observer(python);

    if (observer)
        observer->ops->output(observer, python->instance, &python->step, guest_has_ticks(python->guest),
                              channels, values, n);
}

void python_journal_ticked(struct python *python, const struct message_ticks *ticked)
{
    struct show_observer *observer = python_observer(python);

    if (!observer)
        return;
    if (!observer->is_replay)
        observer->ops->ticked(observer, python->instance, &python->step, ticked);
    else if (!guest_has_ticks(python->guest))
        python_journal_done(python, false);
}

void python_journal_done(struct python *python, bool died)
{
    struct show_observer *observer = python_observer(python);

    if (!observer)
        return;
    observer->ops->done(observer, python->instance, &python->step, died);
    observer_wanted(observer);
}

bool python_leaves_it_to_replay(const struct python *python)
{
    struct show_observer *observer = python_observer(python);

    if (!observer_is_replay(observer))
        return false;
    observer_wanted(observer);
    return true;
}

bool python_is_idle(const struct fc_instance *instance)
{
    const struct python *python = instance->self;

    return instance->started && !python->stopping && guest_is_idle(python->guest);
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

void python_values(const struct fc_instance *instance, const double **inputs, const double **outputs)
{
    const struct python *python = instance->self;

    *inputs = python->inputs;
    *outputs = python->outputs;
}

void python_set_values(struct fc_instance *instance, uint32_t channel, double input, double output)
{
    struct python *python = instance->self;

    python->inputs[channel] = input;
    python->outputs[channel] = output;
}
