/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replaying a recording: what it says that happened is what happens to the show, at its times, or as fast as
 * the scripts keep up. A script gets the same batches with the same times, each when the one before is
 * handled; what scripts tell each other comes from the recording too. Steps are written down, if somebody
 * records, in the order of the recording, whatever the order in which they become ready.
 *
 * A recording is hostile: what does not fit the show is left out, and said once.
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
    double speed; /* 1: as it was; 0: as fast as the scripts keep up */
    bool is_mute; /* nothing is set on devices */
    void (*finished)(
        void *userdata); /* all of it was played, or cannot be; called once, in a turn of its own */
    void *userdata;
};

/* -EPROTO with the reason on stderr if it is no recording, -errno of reading it, -ENOMEM. Blocks on the disk.
 */
int replay_new(struct replay **replay, const struct replay_spec *spec);

/* Takes NULL; returns NULL. */
struct replay *replay_free(struct replay *replay);

/* Before the show starts. Gives scripts the values that they had when the recording began. */
void replay_begin(struct replay *replay, struct journal *journal, struct show *show, struct loop *loop);

/* The show ends: what was not played is not. */
void replay_stop(struct replay *replay);

#endif
