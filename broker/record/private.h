/* SPDX-License-Identifier: BSD-2-Clause */
/* What a replay consists of, for replay.c and replay_read.c. */
#ifndef BROKER_RECORD_PRIVATE_H
#define BROKER_RECORD_PRIVATE_H

#include "broker/base/loop.h"
#include "broker/record/journal.h"
#include "broker/record/replay.h"

#define REPLAY_MAX_ENTRIES  4096u       /* that are read ahead */
#define REPLAY_MAX_BYTES    (16u << 20) /* of memory for them, roughly */
#define REPLAY_MAX_LANES    16384u
#define REPLAY_MAX_CHANNELS (1u << 20)
#define REPLAY_MAX_WARNINGS 20u

struct replay_lane;

/* Something in the recording that is to happen, or that has happened and waits to be written down in its
 * turn. */
struct replay_entry {
    struct replay_entry *next;         /* in the recording */
    struct replay_entry *next_in_lane; /* of the same script, or of no script at all */
    struct replay_lane *lane;
    enum record_kind kind; /* RECORD_INPUT, RECORD_STEP, RECORD_GAP */
    enum record_phase phase;
    enum {
        REPLAY_WAITS,
        REPLAY_RUNS,
        REPLAY_DONE,
        REPLAY_LEFT_OUT,
    } state;
    bool died;
    uint64_t time_ns;
    uint64_t count;
    uint64_t missed;
    uint32_t ready;
    struct queue_list events; /* by numbers of the recording or, once it runs, by ids of the instance */
    struct queue_list outputs;
    const struct fc_instance *instance; /* of an input */
    uint32_t *ticks;
    size_t n_ticks;
};

/* A sequence of entries that happen one after the other: an instance's steps, or everything else. */
struct replay_lane {
    struct fc_instance *instance; /* NULL: the show has none of that name */
    struct replay_entry *first;   /* of those that wait */
    struct replay_entry **last;
    unsigned n_numbers; /* how many numbers of the recording mean it */
    bool is_warned;
};

struct replay_channel {
    uint32_t lane;
    int64_t id; /* in the instance; -1: not known yet, since scripts make channels when they start */
    bool is_warned;
    char *name;
};

struct replay {
    struct replay_spec spec;
    struct journal *journal;
    struct show *show;
    struct loop *loop;
    struct record_reader *reader;
    uint64_t start_ns; /* of the recording */
    uint64_t wall_ns;
    struct replay_lane **lanes; /* by number */
    size_t n_lanes;
    struct replay_lane others;
    struct replay_channel *channels; /* by number */
    size_t n_channels;
    struct replay_entry *first; /* of those that are not written down yet */
    struct replay_entry **last;
    struct replay_entry *part; /* the entry whose next part is to come, or NULL */
    size_t n_entries;
    size_t n_bytes;
    bool is_read; /* to the end */
    enum {
        REPLAY_PREPARES, /* until all instances are up or have failed */
        REPLAY_GOES,
        REPLAY_OVER,
    } phase;
    uint64_t base_ns; /* the time of the clock that corresponds to `start_ns` */
    unsigned warnings;
    struct timer timer;
    struct loop_task task;
};

#endif
