/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a running show records from its start (--record), and the recording that it replays. Runs in the
 * broker; the file of a recording is written by a process of its own (record/file.h).
 */
#ifndef BROKER_RECORD_RECORDER_H
#define BROKER_RECORD_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "firecurtain/backend.h"

struct journal;
struct loop;
struct record_writer;
struct recording;
struct replay;
struct show;

/* The paths are borrowed. */
struct recorder_spec {
    const char *record; /* the file to record to, or NULL */
    uint64_t max_bytes; /* its largest size */
    const char *replay; /* the recording to replay, or NULL */
    double speed;       /* of the replay: 1 is as it was, 0 as fast as the scripts can */
    bool is_mute;       /* nothing is set on devices during the replay */
};

struct recorder {
    struct recorder_spec spec;
    int replay_fd;
    struct journal *journal;
    struct replay *replay;
    struct record_writer *writer;
    struct recording *recording;
};

#define RECORDER_NONE                                                                                        \
    {                                                                                                        \
        .replay_fd = -1                                                                                      \
    }

/*
 * Opens a recording for reading. It must be a regular file: nobody waits for the other end of a pipe, or for
 * what is typed. -EINVAL with the reason.
 */
int recorder_open_file(const char *path, int *fd, struct fc_reason *reason);

/* Opens the recording to replay, if there is one, with the caller's rights. -EINVAL with the reason. */
int recorder_open_replay(struct recorder *recorder, struct fc_reason *reason);

/*
 * Creates the file to record to, if there is one, with the caller's rights, and forks the process that writes
 * it: while there is one thread and signals are blocked. 0, or -EINVAL with `reason`.
 */
int recorder_open_record(struct recorder *recorder, struct fc_reason *reason);

/* Makes the journal, once there is a loop. -ENOMEM. */
int recorder_new_journal(struct recorder *recorder, struct loop *loop);

/*
 * Records and replays from now on; to be called before the show starts. `replayed` is called when the replay
 * is over. -EPROTO with the reason on stderr if the file to replay is not a recording, -errno.
 */
int recorder_begin(struct recorder *recorder, struct show *show, struct loop *loop,
                   void (*replayed)(void *userdata), void *userdata);

/* Goes on with another show, or with none. */
void recorder_set_show(struct recorder *recorder, struct show *show);

/* Waits until everything is written. May be called again. */
void recorder_deinit(struct recorder *recorder);

#endif
