/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What scripts are told and what they say, for those who record it; or, while a recording is replayed,
 * instead of what would happen by itself. A step is what a script is called for: its import, a batch,
 * intervals that come due at once, its cleanup.
 * It is written down with its outputs when it is over, with the time that it was begun.
 *
 * A show's router has a journal only while somebody records or replays: else all this costs one comparison.
 */
#ifndef BROKER_RECORD_JOURNAL_H
#define BROKER_RECORD_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/queue.h"
#include "broker/guest/guest.h"
#include "proto/codec_record.h"

#define JOURNAL_MAX_OUTPUTS 262144u /* of one step; further ones are a gap */

struct fc_instance;
struct journal;
struct loop;
struct recording;
struct replay;
struct replay_entry;
struct show;

/* Of each Python instance. Zeroed: nothing is under way. */
struct journal_step {
    bool is_open;
    enum record_phase phase;
    uint64_t time_ns; /* of the one that was begun last */
    struct queue_list events;
    struct queue_list outputs;
    uint32_t ready;
    uint64_t missed;            /* outputs */
    bool cleanup_waits;         /* the worker was told to stop while it handles a batch, */
    uint64_t cleanup_ns;        /* and that this is the time then */
    struct replay_entry *entry; /* that it is a replay of, or NULL */
};

void journal_step_deinit(struct journal_step *step);

/* -ENOMEM. */
int journal_new(struct journal **journal, struct loop *loop);

/* Ends its recordings. Takes NULL; returns NULL. */
struct journal *journal_free(struct journal *journal);

/* The show that this is about from now on, or NULL. */
void journal_set_show(struct journal *journal, struct show *show);

/* Replays from now on, before the show is set; borrowed. */
void journal_set_replay(struct journal *journal, struct replay *replay);
bool journal_is_replay(const struct journal *journal);

/*
 * A recording that begins now, and is the journal's until journal_remove(), which gives it back with its end
 * in it, or journal_free(). The values that scripts know are its first items. -ENOSPC.
 */
int journal_add(struct journal *journal, struct recording *recording);
void journal_remove(struct journal *journal, struct recording *recording, const char *why);

/* The first item of a recording that begins now. */
struct record_item journal_start(const struct journal *journal);

/* What a script is about to be called for, at what time; the time that it is to be told. */
uint64_t journal_begins(struct journal *journal, const struct fc_instance *instance,
                        struct journal_step *step, enum guest_phase phase, const struct message_batch *batch,
                        uint64_t now_ns);

/* What it put out; `has_ticks` if it was told of intervals, and these may be what it was called for. */
void journal_output(struct journal *journal, const struct fc_instance *instance, struct journal_step *step,
                    bool has_ticks, const uint32_t *channels, const double *values, size_t n);

/* Intervals were called: a step of their own, also between a batch's beginning and its end. */
void journal_ticked(struct journal *journal, const struct fc_instance *instance, struct journal_step *step,
                    const struct message_ticks *ticked);

/* The step is over; `died` if that is because its worker is. */
void journal_done(struct journal *journal, const struct fc_instance *instance, struct journal_step *step,
                  bool died);

/* A worker waits for events, or does not run any more: the replay goes on. */
void journal_wanted(struct journal *journal);

/*
 * An instance has made an event. Written down if that was not because of another one; false if it is not to
 * be: a recording is replayed instead.
 */
bool journal_input(struct journal *journal, const struct fc_instance *instance, uint32_t channel,
                   double value);

/* Somebody has, by hand. */
void journal_emitted(struct journal *journal, const struct fc_instance *instance, uint32_t channel,
                     double value);

/* Whether events are set on an instance: not on scripts in a replay, and if it is mute on no device. */
bool journal_may_set(const struct journal *journal, const struct fc_instance *instance);

/* For all recordings, see recording_add(). */
void journal_write(struct journal *journal, const struct fc_instance *instance,
                   const struct record_item *item);
void journal_write_outputs(struct journal *journal, const struct fc_instance *instance, uint64_t time_ns,
                           const struct queue_list *outputs, uint64_t missed);

#endif
