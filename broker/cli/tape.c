/* SPDX-License-Identifier: BSD-2-Clause */
/* See tape.h. */
#include "broker/cli/tape.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "broker/cli/cli.h"
#include "broker/record/file.h"
#include "broker/record/journal.h"
#include "broker/record/recording.h"
#include "broker/record/replay.h"
#include "broker/runtime/runtime.h"
#include "broker/show/show.h"
#include "firecurtain/cleanup.h"

/* A pipe would make the broker wait. */
static int tape_open_replay(struct tape *tape, const char *path)
{
    struct stat st;
    int r = 0;

    tape->replay_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (tape->replay_fd < 0 || fstat(tape->replay_fd, &st) < 0)
        r = errno;
    if (!r && S_ISREG(st.st_mode))
        return EX_OK;
    fprintf(stderr, "firecurtain: %s: %s\n", path, r ? strerror(r) : "a recording is a file");
    return EX_NOINPUT;
}

static int tape_open_record(struct tape *tape, const struct cli_options *options)
{
    int fd = record_file_create(options->record);
    int r = fd < 0 ? fd : record_writer_new(&tape->writer, fd, options->max_bytes);

    if (r == 0)
        return EX_OK;
    fprintf(stderr, "firecurtain: %s: %s\n", options->record, strerror(-r));
    return EX_CANTCREAT;
}

int tape_open(struct tape *tape, const struct cli_options *options)
{
    int status = EX_OK;

    tape->options = options;
    if (options->replays)
        status = tape_open_replay(tape, options->replays);
    if (status == EX_OK && options->record)
        status = tape_open_record(tape, options);
    return status;
}

int tape_new_journal(struct tape *tape, struct runtime *runtime)
{
    return journal_new(&tape->journal, runtime->loop);
}

static int tape_begin_replay(struct tape *tape, struct show *show, struct runtime *runtime,
                             void (*replayed)(void *userdata), void *userdata)
{
    struct replay_spec spec = {
        .fd = tape->replay_fd,
        .speed = tape->options->speed,
        .is_mute = tape->options->given & CLI_MUTE,
        .finished = replayed,
        .userdata = userdata,
    };
    int r = replay_new(&tape->replay, &spec);

    if (r == 0)
        replay_begin(tape->replay, tape->journal, show, runtime->loop);
    return r;
}

static int tape_begin_record(struct tape *tape, struct show *show)
{
    struct record_item start = journal_start(tape->journal);
    int r;

    start.text = show->path;
    r = recording_new(&tape->recording, &start, record_writer_keep, tape->writer);
    return r < 0 ? r : journal_add(tape->journal, tape->recording);
}

int tape_begin(struct tape *tape, struct show *show, struct runtime *runtime,
               void (*replayed)(void *userdata), void *userdata)
{
    int r = 0;

    if (tape->options->replays)
        r = tape_begin_replay(tape, show, runtime, replayed, userdata);
    if (r == 0 && tape->writer)
        r = tape_begin_record(tape, show);
    if (r == 0)
        journal_set_show(tape->journal, show);
    return r == -EPROTO ? EX_DATAERR : r < 0 ? EX_OSERR : EX_OK;
}

void tape_set_show(struct tape *tape, struct show *show)
{
    if (tape->replay && !show)
        replay_stop(tape->replay);
    if (tape->journal)
        journal_set_show(tape->journal, show);
}

void tape_deinit(struct tape *tape)
{
    bool begun = tape->recording;

    if (tape->journal && tape->recording) {
        journal_remove(tape->journal, tape->recording, "the show has ended");
        recording_free(fc_steal(tape->recording));
    }
    tape->journal = tape->journal ? journal_free(tape->journal) : NULL;
    tape->replay = replay_free(tape->replay);
    if (tape->writer && !begun) /* such as when another broker runs; behind the curtain it stays */
        unlink(tape->options->record);
    tape->writer = record_writer_free(tape->writer);
    fc_closep(&tape->replay_fd);
    tape->replay_fd = -1;
}
