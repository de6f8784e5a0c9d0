/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills in the table of a show's observer for recordings and replays. */
#include "broker/record/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broker/base/loop.h"
#include "broker/python/backend.h"
#include "broker/python/values.h"
#include "broker/record/recording.h"
#include "broker/show/instance.h"
#include "broker/show/show.h"
#include "firecurtain/time.h"

#define JOURNAL_MAX_RECORDINGS 8
#define JOURNAL_FLUSH_NS       (100 * FC_NS_PER_MS)

struct journal {
    struct show_observer observer; /* first: journal_of() */
    struct loop *loop;
    struct show *show;
    const struct journal_replay_ops *replay_ops;
    struct replay *replay; /* or NULL */
    bool is_mute;
    struct recording *recordings[JOURNAL_MAX_RECORDINGS];
    size_t n;
    struct timer flush;
};

static struct journal *journal_of(struct show_observer *observer)
{
    return (struct journal *)observer;
}

/* Flushes all recordings. Those that are over stay, silent, until their owners remove them. */
static void journal_flush_due(void *userdata)
{
    struct journal *journal = userdata;
    uint64_t now_ns = fc_now_ns();

    for (size_t i = 0; i < journal->n; i++)
        recording_flush(journal->recordings[i], now_ns);
    if (journal->n)
        loop_set_timer(journal->loop, &journal->flush, now_ns + JOURNAL_FLUSH_NS);
}

struct journal *journal_free(struct journal *journal)
{
    if (!journal)
        return NULL;
    while (journal->n) {
        struct recording *recording = journal->recordings[0];

        journal_remove(journal, recording, "the broker has ended");
        recording_free(recording);
    }
    journal_set_show(journal, NULL);
    loop_cancel_timer(journal->loop, &journal->flush);
    free(journal);
    return NULL;
}

/* Makes the journal the show's observer while it has something to do. */
static void journal_attach(struct journal *journal)
{
    if (journal->show)
        journal->show->router.observer = journal->n || journal->replay ? &journal->observer : NULL;
}

/* Writes down a script's last values, for inputvalue() and outputvalue(). */
static void journal_write_values(struct recording *recording, const struct fc_instance *instance)
{
    struct record_item item = {.kind = RECORD_VALUES};
    const double *inputs, *outputs;

    if (instance->backend != &backend_python)
        return;
    python_values(instance, &inputs, &outputs);
    for (uint32_t id = 0; id < instance->n_channels; id++) {
        if (inputs[id] == 0.0 && outputs[id] == 0.0)
            continue;
        item.channels = &id;
        item.values = &inputs[id];
        item.outputs = &outputs[id];
        item.n_events = 1;
        recording_add(recording, instance, &item);
    }
}

static void journal_write_all_values(const struct journal *journal, struct recording *recording)
{
    for (size_t i = 0; journal->show && i < journal->show->n_instances; i++)
        journal_write_values(recording, journal->show->instances[i]);
}

void journal_set_show(struct journal *journal, struct show *show)
{
    if (journal->show && !show)
        journal->show->router.observer = NULL; /* it ends; a show that was changed has been freed already */
    journal->show = show;
    for (size_t i = 0; i < journal->n; i++) {
        recording_forget(journal->recordings[i]);
        journal_write_all_values(journal, journal->recordings[i]);
    }
    journal_attach(journal);
}

void journal_set_replay(struct journal *journal, const struct journal_replay_ops *ops, struct replay *replay,
                        bool is_mute)
{
    journal->replay_ops = ops;
    journal->replay = replay;
    journal->is_mute = is_mute;
    journal->observer.is_replay = true;
    journal_attach(journal);
}

struct record_item journal_start(const struct journal *journal)
{
    struct record_item start = {.kind = RECORD_START, .time_ns = fc_now_ns()};
    struct timespec wall;

    if (journal->replay) {
        journal->replay_ops->start_item(journal->replay, &start);
        return start;
    }
    clock_gettime(CLOCK_REALTIME, &wall);
    start.wall_ns = (uint64_t)wall.tv_sec * FC_NS_PER_S + (uint64_t)wall.tv_nsec;
    return start;
}

int journal_add(struct journal *journal, struct recording *recording)
{
    if (journal->n == JOURNAL_MAX_RECORDINGS)
        return -ENOSPC;
    journal->recordings[journal->n++] = recording;
    journal_write_all_values(journal, recording);
    journal_attach(journal);
    loop_set_timer(journal->loop, &journal->flush, fc_now_ns() + JOURNAL_FLUSH_NS);
    return 0;
}

void journal_remove(struct journal *journal, struct recording *recording, const char *why)
{
    struct record_item end = {.kind = RECORD_END, .text = why};

    for (size_t i = 0; i < journal->n; i++) {
        if (journal->recordings[i] == recording)
            journal->recordings[i] = journal->recordings[--journal->n];
    }
    recording_add(recording, NULL, &end);
    recording_flush(recording, fc_now_ns());
    journal_attach(journal);
}

void journal_write(struct journal *journal, const struct fc_instance *instance,
                   const struct record_item *item)
{
    for (size_t i = 0; i < journal->n; i++)
        recording_add(journal->recordings[i], instance, item);
}

void journal_write_outputs(struct journal *journal, const struct fc_instance *instance, uint64_t time_ns,
                           const struct queue_list *outputs, uint64_t missed)
{
    struct record_item item = {.kind = RECORD_OUTPUT,
                               .time_ns = time_ns,
                               .channels = outputs->channels,
                               .values = outputs->values,
                               .n_events = outputs->n};

    if (outputs->n)
        journal_write(journal, instance, &item);
    for (size_t i = 0; missed && i < journal->n; i++)
        recording_miss(journal->recordings[i], missed);
}

/* Copies what the script is called with, since its queue goes on. Without memory it is not written down. */
static int journal_copy(struct show_step *step, const struct message_batch *batch)
{
    step->events.n = step->ready = 0;
    if (!batch)
        return 0;
    step->ready = (uint32_t)batch->n_ready;
    return queue_list_add(&step->events, batch->channels, batch->values, batch->n_events);
}

/* Writes down what was put out since the previous step was over. */
static void journal_write_step_outputs(struct journal *journal, const struct fc_instance *instance,
                                       struct show_step *step, uint64_t time_ns)
{
    journal_write_outputs(journal, instance, time_ns, &step->outputs, step->missed);
    step->outputs.n = 0;
    step->missed = 0;
}

static void journal_output(struct show_observer *observer, const struct fc_instance *instance,
                           struct show_step *step, bool has_ticks, const uint32_t *channels,
                           const double *values, size_t n)
{
    struct journal *journal = journal_of(observer);
    struct queue_list now = {.channels = (uint32_t *)channels, .values = (double *)values, .n = n};

    if (!journal->n)
        return;
    if (!step->is_open && !has_ticks) /* by another thread, or the step began before the recording */
        journal_write_outputs(journal, instance, step->time_ns, &now, 0);
    else if (step->outputs.n + n > JOURNAL_MAX_OUTPUTS ||
             queue_list_add(&step->outputs, channels, values, n) < 0)
        step->missed += n;
}

static void journal_ticked(struct show_observer *observer, const struct fc_instance *instance,
                           struct show_step *step, const struct message_ticks *ticked)
{
    struct journal *journal = journal_of(observer);
    uint64_t now_ns = fc_now_ns(), time_ns = ticked->times_ns[0];
    struct record_item item = {
        .kind = RECORD_STEP,
        .time_ns = time_ns < now_ns ? time_ns : now_ns,
        .phase = RECORD_BATCH,
        .ticks = ticked->ids,
        .n_ticks = ticked->n,
    };

    journal_write(journal, instance, &item);
    journal_write_step_outputs(journal, instance, step, item.time_ns);
}

/* Begins a step. Returns the time that the script is told. */
static uint64_t journal_open(struct journal *journal, const struct fc_instance *instance,
                             struct show_step *step, enum record_phase phase,
                             const struct message_batch *batch, uint64_t now_ns)
{
    step->phase = phase;
    step->entry = NULL;
    if (journal->replay)
        now_ns = journal->replay_ops->begins(journal->replay, instance, step);
    step->is_open = step->entry || journal_copy(step, batch) == 0;
    return step->time_ns = now_ns;
}

static void journal_done(struct show_observer *observer, const struct fc_instance *instance,
                         struct show_step *step, bool died)
{
    struct journal *journal = journal_of(observer);
    struct record_item item = {
        .kind = RECORD_STEP,
        .time_ns = step->time_ns,
        .phase = step->phase,
        .died = died,
        .channels = step->events.channels,
        .values = step->events.values,
        .n_events = step->events.n,
        .ready = step->ready,
    };

    if (!step->is_open) {
        journal_write_step_outputs(journal, instance, step, step->time_ns);
        return;
    }
    step->is_open = false;
    if (step->entry) {
        journal->replay_ops->done(journal->replay, step, died);
    } else {
        journal_write(journal, instance, &item);
        journal_write_step_outputs(journal, instance, step, step->time_ns);
    }
    if (step->cleanup_waits && !died)
        journal_open(journal, instance, step, RECORD_CLEANUP, NULL, step->cleanup_ns);
    step->cleanup_waits = false;
}

static uint64_t journal_begins(struct show_observer *observer, const struct fc_instance *instance,
                               struct show_step *step, enum guest_phase phase,
                               const struct message_batch *batch, uint64_t now_ns)
{
    struct journal *journal = journal_of(observer);

    if (phase == GUEST_CLEANUP && step->is_open && step->phase == RECORD_BATCH) {
        step->cleanup_waits = true; /* it handles its batch first */
        step->cleanup_ns = journal->replay ? journal->replay_ops->cleanup_ns(step) : now_ns;
        return step->cleanup_ns;
    }
    journal_done(observer, instance, step, true); /* in case the previous one is still open */
    return journal_open(journal, instance, step,
                        phase == GUEST_IMPORT  ? RECORD_IMPORT
                        : phase == GUEST_BATCH ? RECORD_BATCH
                                               : RECORD_CLEANUP,
                        batch, now_ns);
}

static void journal_wanted(struct show_observer *observer)
{
    struct journal *journal = journal_of(observer);

    if (journal->replay)
        journal->replay_ops->go_on(journal->replay);
}

static bool journal_emits(struct show_observer *observer, enum route_source source,
                          const struct fc_instance *instance, uint32_t channel, double value)
{
    struct journal *journal = journal_of(observer);
    struct record_item item = {.kind = RECORD_INPUT, .channels = &channel, .values = &value, .n_events = 1};
    bool comes_in = source == ROUTE_COMMAND || (source == ROUTE_BACKEND && !instance->show->router.hops);

    if (!comes_in) /* it follows from another event, or is written down by the replay */
        return true;
    if (source == ROUTE_BACKEND && journal->replay)
        return false;
    item.time_ns = fc_now_ns();
    journal_write(journal, instance, &item);
    return true;
}

static bool journal_may_set(struct show_observer *observer, const struct fc_instance *instance)
{
    struct journal *journal = journal_of(observer);

    if (!journal->replay)
        return true;
    return instance->backend != &backend_python &&
           (instance->backend->is_for_users || !journal->is_mute); /* what users may have is not a device */
}

static const struct show_observer_ops journal_ops = {
    .emits = journal_emits,
    .may_set = journal_may_set,
    .begins = journal_begins,
    .output = journal_output,
    .ticked = journal_ticked,
    .done = journal_done,
    .wanted = journal_wanted,
};

int journal_new(struct journal **journalp, struct loop *loop)
{
    struct journal *journal = calloc(1, sizeof(*journal));

    if (!journal)
        return -ENOMEM;
    journal->observer.ops = &journal_ops;
    journal->loop = loop;
    journal->flush = (struct timer){.fn = journal_flush_due, .what = "the recording", .userdata = journal};
    *journalp = journal;
    return 0;
}
