/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal observes a show (show/observer.h) for its recordings: each step of a script is written down
 * with its outputs when it is over, with the time at which it began. While a recording is replayed, the
 * journal hands to the script what that holds. Runs in the broker; the recordings' own processes write to the
 * disk.
 */
#ifndef BROKER_RECORD_JOURNAL_H
#define BROKER_RECORD_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/show/observer.h"

#define JOURNAL_MAX_OUTPUTS 262144u /* of one step; further ones are a gap */

struct journal;
struct loop;
struct recording;
struct replay;
struct show;

/* What a replay does for the journal: nothing here may block. */
struct journal_replay_ops {
    /* A step begins: `step->entry` becomes what it replays. Returns its time in the recording. */
    uint64_t (*begins)(struct replay *replay, const struct fc_instance *instance, struct show_step *step);

    /* When the cleanup is that follows a step of the recording. */
    uint64_t (*cleanup_ns)(const struct show_step *step);

    void (*done)(struct replay *replay, struct show_step *step, bool died);

    /* A script may be ready for more. */
    void (*go_on)(struct replay *replay);

    /* Fills in the times at which the recording began. */
    void (*start_item)(const struct replay *replay, struct record_item *start);
};

/* -ENOMEM. */
int journal_new(struct journal **journal, struct loop *loop);

/* Ends its recordings. Takes NULL; returns NULL. */
struct journal *journal_free(struct journal *journal);

/* The show that this is about from now on, or NULL. */
void journal_set_show(struct journal *journal, struct show *show);

/*
 * Lets `replay`, which is borrowed, happen instead of what would by itself; before the show is set. With
 * `is_mute` nothing is set on devices.
 */
void journal_set_replay(struct journal *journal, const struct journal_replay_ops *ops, struct replay *replay,
                        bool is_mute);

/*
 * A recording that begins now, and is the journal's until journal_remove(), which gives it back with its end
 * in it, or journal_free(). The values that scripts know are its first items. -ENOSPC.
 */
int journal_add(struct journal *journal, struct recording *recording);
void journal_remove(struct journal *journal, struct recording *recording, const char *why);

/* The first item of a recording that begins now. */
struct record_item journal_start(const struct journal *journal);

/* For all recordings, see recording_add(). */
void journal_write(struct journal *journal, const struct fc_instance *instance,
                   const struct record_item *item);
void journal_write_outputs(struct journal *journal, const struct fc_instance *instance, uint64_t time_ns,
                           const struct queue_list *outputs, uint64_t missed);

#endif
