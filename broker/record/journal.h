/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal: what the broker notes of a show while it is being recorded. It observes the show
 * (show/observer.h) and writes down events that come in and, when a step of a script is over, the step and
 * its outputs, with the time at which it began. While a recording is replayed, the journal hands what that
 * holds to the scripts.
 *
 * This is the folder's main header. The folder runs in the broker, except for file.c, part of which runs in
 * the process that writes a recording's file. It must not know how shows are built, or who may ask for a
 * recording.
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

/* What a replay does for the journal. Nothing here may block. */
struct journal_replay_ops {
    /* A step begins: `step->entry` becomes what it replays. Returns its time in the recording. */
    uint64_t (*begins)(struct replay *replay, const struct fc_instance *instance, struct show_step *step);

    /* Returns the time of the cleanup that follows a step in the recording. */
    uint64_t (*cleanup_ns)(const struct show_step *step);

    /* A step that replays an entry is over, with `died` because the worker has died. */
    void (*done)(struct replay *replay, struct show_step *step, bool died);

    /* A script may be ready for more. */
    void (*go_on)(struct replay *replay);

    /* Fills in the times at which the recording began. */
    void (*start_item)(const struct replay *replay, struct record_item *start);
};

/* Makes a journal without a show or a recording. 0 or -ENOMEM. */
int journal_new(struct journal **journal, struct loop *loop);

/* Frees the journal, and ends its recordings. Takes NULL; returns NULL. */
struct journal *journal_free(struct journal *journal);

/* Sets the show that the journal observes from now on, or NULL for none. */
void journal_set_show(struct journal *journal, struct show *show);

/*
 * Lets `replay`, which is borrowed, happen in place of events that come in. To be called before the show is
 * set. With `is_mute` nothing is set on devices.
 */
void journal_set_replay(struct journal *journal, const struct journal_replay_ops *ops, struct replay *replay,
                        bool is_mute);

/*
 * Adds a recording that begins now; the values that scripts know are its first items. The journal owns it
 * until journal_remove(), which writes its end and gives it back, or journal_free(). 0, or -ENOSPC if there
 * are too many.
 */
int journal_add(struct journal *journal, struct recording *recording);
void journal_remove(struct journal *journal, struct recording *recording, const char *why);

/* Returns the first item of a recording that begins now. */
struct record_item journal_start(const struct journal *journal);

/* Adds an item, or outputs and the number of those that were missed, to all recordings: recording_add(). */
void journal_write(struct journal *journal, const struct fc_instance *instance,
                   const struct record_item *item);
void journal_write_outputs(struct journal *journal, const struct fc_instance *instance, uint64_t time_ns,
                           const struct queue_list *outputs, uint64_t missed);

#endif
