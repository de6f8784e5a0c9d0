/* SPDX-License-Identifier: BSD-2-Clause */
/* What replay.c (when what is played) and replay_read.c (what there is to play) share. */
#ifndef BROKER_RECORD_REPLAY_PRIVATE_H
#define BROKER_RECORD_REPLAY_PRIVATE_H

#include "broker/base/loop.h"
#include "broker/record/journal.h"
#include "broker/record/replay.h"

#define REPLAY_MAX_ENTRIES  4096u       /* read ahead, … */
#define REPLAY_MAX_BYTES    (16u << 20) /* … and about so much memory for them */
#define REPLAY_MAX_LANES    16384u
#define REPLAY_MAX_CHANNELS (1u << 20)
#define REPLAY_MAX_WARNINGS 20u

struct replay_lane;

/* Something of the recording that is to happen, or has and waits to be written down in its turn. */
struct replay_entry {
    struct replay_entry *next;         /* in the recording */
    struct replay_entry *next_in_lane; /* of the same script, or of no script */
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
    struct queue_list events; /* by numbers of the recording; once it runs, by ids of the instance */
    struct queue_list outputs;
    const struct fc_instance *instance; /* of an input */
    uint32_t *ticks;
    size_t n_ticks;
};

/* What has to happen one after the other: an instance's steps, or everything else. */
struct replay_lane {
    struct fc_instance *instance; /* NULL: the show has none of that name */
    struct replay_entry *first;   /* that waits */
    struct replay_entry **last;
    unsigned n_numbers; /* of the recording that it has */
    bool is_warned;
};

struct replay_channel {
    uint32_t lane;
    int64_t id; /* in the instance, or -1: not known yet, scripts make some when they start */
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
    struct replay_entry *first; /* that is not written down yet */
    struct replay_entry **last;
    struct replay_entry *part; /* whose next part is to come */
    size_t n_entries;
    size_t n_bytes;
    bool is_read;  /* to the end */
    bool is_going; /* everything was up once */
    bool is_over;
    uint64_t base_ns; /* when the recording's `start_ns` is */
    unsigned warnings;
    struct timer timer;
    struct loop_task task;
};

/* In the log, as often as that helps anybody. */
void replay_warn(struct replay *replay, const char *instance, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads ahead as far as there is room. */
void replay_read(struct replay *replay);

/* The channel of a number, or NULL: it is not in the show. */
const struct replay_channel *replay_find_channel(struct replay *replay, uint32_t number,
                                                 const struct fc_instance *instance);

void replay_entry_free(struct replay *replay, struct replay_entry *entry);

#endif
