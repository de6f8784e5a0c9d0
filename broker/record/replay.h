/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replaying a recording: what it holds happens to the show again, at the same times or as fast as the scripts
 * can. A script gets the same batches with the same times, each when the one before is handled; events from
 * one script to another also come from the recording. If somebody records, steps are written down in the
 * order of the recording, whatever the order in which they are ready.
 *
 * A recording is hostile: what does not fit the show is left out, and reported once.
 */
#ifndef BROKER_RECORD_REPLAY_H
#define BROKER_RECORD_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

struct journal;
struct loop;
struct replay;
struct show;

struct replay_spec {
    int fd;       /* of the recording, read from its beginning; the caller's */
    double speed; /* 1: as recorded; 0: as fast as the scripts can */
    bool is_mute; /* nothing is set on devices */
    /* all of it was played, or cannot be; called once, in a turn of the loop of its own */
    void (*finished)(void *userdata);
    void *userdata;
};

/*
 * Opens a recording for replay. Blocks on the disk. 0, -EPROTO with the reason on stderr if it is not a
 * recording, another -errno if it cannot be read, or -ENOMEM.
 */
int replay_new(struct replay **replay, const struct replay_spec *spec);

/* Takes NULL; returns NULL. */
struct replay *replay_free(struct replay *replay);

/* Begins, before the show starts: scripts get the values that they had when the recording began. */
void replay_begin(struct replay *replay, struct journal *journal, struct show *show, struct loop *loop);

/* Ends the replay, since the show ends; the rest of the recording is not played. */
void replay_stop(struct replay *replay);

#endif
