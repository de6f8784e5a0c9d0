/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The observer of a show: the journal (record/journal.h), which writes down what happens, or lets a recording
 * happen instead. The show and the script backend know only this table. Unless somebody records or replays,
 * `observer` is NULL, and everything below costs one comparison. No slot may block.
 */
#ifndef BROKER_SHOW_OBSERVER_H
#define BROKER_SHOW_OBSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/queue.h"
#include "broker/guest/guest.h"
#include "broker/show/route.h"
#include "proto/codec_record.h"

struct fc_instance;
struct replay_entry;
struct show_observer;

/*
 * What a script is called for (its import, a batch, intervals that come due at once, its cleanup), and what
 * it puts out meanwhile. Each Python instance has one step, which is zeroed at first: nothing is under way.
 */
struct show_step {
    bool is_open;
    enum record_phase phase;
    uint64_t time_ns; /* of the step that began last */
    struct queue_list events;
    struct queue_list outputs;
    uint32_t ready;
    uint64_t missed;            /* outputs that found no room */
    bool cleanup_waits;         /* the worker was told to stop while it handled a batch */
    uint64_t cleanup_ns;        /* when it was told */
    struct replay_entry *entry; /* the entry that the step replays, or NULL */
};

struct show_observer_ops {
    /*
     * An instance emits a sound event that is not a script's. False if the event must not be routed, because
     * a recording is replayed instead.
     */
    bool (*emits)(struct show_observer *observer, enum route_source source,
                  const struct fc_instance *instance, uint32_t channel, double value);

    /* Whether events are set on an instance: in a replay not on scripts, and on no device if it is muted. */
    bool (*may_set)(struct show_observer *observer, const struct fc_instance *instance);

    /* A script is about to be called, at `now_ns`. Returns the time that the script is told. */
    uint64_t (*begins)(struct show_observer *observer, const struct fc_instance *instance,
                       struct show_step *step, enum guest_phase phase, const struct message_batch *batch,
                       uint64_t now_ns);

    /* A script has put something out. With `has_ticks` it has intervals, and may have been called for these.
     */
    void (*output)(struct show_observer *observer, const struct fc_instance *instance, struct show_step *step,
                   bool has_ticks, const uint32_t *channels, const double *values, size_t n);

    /* Intervals were called, which is a step of its own, even during a batch. */
    void (*ticked)(struct show_observer *observer, const struct fc_instance *instance, struct show_step *step,
                   const struct message_ticks *ticked);

    /* The step is over, with `died` because the worker has died. */
    void (*done)(struct show_observer *observer, const struct fc_instance *instance, struct show_step *step,
                 bool died);

    /* A worker waits for events, or no longer runs: a replay may go on. */
    void (*wanted)(struct show_observer *observer);
};

struct show_observer {
    const struct show_observer_ops *ops;
    bool is_replay; /* what happens comes from a recording */
};

/* Frees what a step holds, and zeroes it. */
static inline void show_step_deinit(struct show_step *step)
{
    queue_list_deinit(&step->events);
    queue_list_deinit(&step->outputs);
    *step = (struct show_step){0};
}

static inline bool observer_is_replay(const struct show_observer *observer)
{
    return observer && observer->is_replay;
}

static inline bool observer_emits(struct show_observer *observer, enum route_source source,
                                  const struct fc_instance *instance, uint32_t channel, double value)
{
    return !observer || observer->ops->emits(observer, source, instance, channel, value);
}

static inline bool observer_may_set(struct show_observer *observer, const struct fc_instance *instance)
{
    return !observer || observer->ops->may_set(observer, instance);
}

static inline void observer_wanted(struct show_observer *observer)
{
    if (observer)
        observer->ops->wanted(observer);
}

#endif
