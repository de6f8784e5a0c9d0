/* SPDX-License-Identifier: BSD-2-Clause */
/* What a Python instance tells the show's observer, if there is one. */
#include "broker/python/journal.h"

#include "broker/python/private.h"
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
    python->step.is_open = python->step.cleanup_waits = false; /* the recording has ended meanwhile */
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

void python_journal_done(struct python *python, bool died)
{
    struct show_observer *observer = python_observer(python);

    if (!observer)
        return;
    observer->ops->done(observer, python->instance, &python->step, died);
    observer_wanted(observer);
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

void python_journal_cut(struct python *python, size_t n)
{
    struct show_step *step = &python->step;

    if (step->is_open && step->phase == RECORD_BATCH && n < step->events.n)
        step->events.n = n;
}

bool python_leaves_it_to_replay(const struct python *python)
{
    struct show_observer *observer = python_observer(python);

    if (!observer_is_replay(observer))
        return false;
    observer_wanted(observer);
    return true;
}
