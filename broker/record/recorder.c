/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the files of --record and replay while this process may, and connects them with the journal. */
#include "broker/record/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/os/folder_trust.h"
#include "broker/record/file.h"
#include "broker/record/journal.h"
#include "broker/record/recording.h"
#include "broker/record/replay.h"
#include "broker/show/show.h"
#include "firecurtain/cleanup.h"

int recorder_open_file(const char *path, int *fdp, struct fc_reason *reason)
{
    FC_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return fc_refuse(reason, "%s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fc_refuse(reason, "not a regular file");
    *fdp = fc_steal_fd(&fd);
    return 0;
}

int recorder_open_replay(struct recorder *recorder, struct fc_reason *reason)
{
    return recorder->spec.replay ? recorder_open_file(recorder->spec.replay, &recorder->replay_fd, reason)
                                 : 0;
}

int recorder_open_record(struct recorder *recorder, struct fc_reason *reason)
{
    struct folder_doubt doubt;
    int r;

    if (!recorder->spec.record)
        return 0;
    if (folder_trust_as_root(recorder->spec.record, &doubt) == -EPERM)
        return fc_refuse(reason, "refused when running as root: %s", doubt.text);
    r = record_file_create(recorder->spec.record);
    if (r >= 0)
        r = record_writer_new(&recorder->writer, r, recorder->spec.max_bytes);
    return r < 0 ? fc_refuse(reason, "%s", strerror(-r)) : 0;
}

int recorder_new_journal(struct recorder *recorder, struct loop *loop)
{
    return journal_new(&recorder->journal, loop);
}

static int recorder_begin_replay(struct recorder *recorder, struct show *show, struct loop *loop,
                                 void (*replayed)(void *userdata), void *userdata)
{
    struct replay_spec spec = {
        .fd = recorder->replay_fd,
        .speed = recorder->spec.speed,
        .is_mute = recorder->spec.is_mute,
        .finished = replayed,
        .userdata = userdata,
    };
    int r = replay_new(&recorder->replay, &spec);

    if (r == 0)
        replay_begin(recorder->replay, recorder->journal, show, loop);
    return r;
}

static int recorder_begin_record(struct recorder *recorder, struct show *show)
{
    struct record_item start = journal_start(recorder->journal);
    int r;

    start.text = show->path;
    r = recording_new(&recorder->recording, &start, record_writer_keep, recorder->writer);
    return r < 0 ? r : journal_add(recorder->journal, recorder->recording);
}

int recorder_begin(struct recorder *recorder, struct show *show, struct loop *loop,
                   void (*replayed)(void *userdata), void *userdata)
{
    int r = 0;

    if (recorder->spec.replay)
        r = recorder_begin_replay(recorder, show, loop, replayed, userdata);
    if (r == 0 && recorder->writer)
        r = recorder_begin_record(recorder, show);
    if (r == 0)
        journal_set_show(recorder->journal, show);
    return r;
}

void recorder_set_show(struct recorder *recorder, struct show *show)
{
    if (recorder->replay && !show)
        replay_stop(recorder->replay);
    if (recorder->journal)
        journal_set_show(recorder->journal, show);
}

void recorder_deinit(struct recorder *recorder)
{
    bool begun = recorder->recording;

    if (recorder->journal && recorder->recording) {
        journal_remove(recorder->journal, recorder->recording, "the show has ended");
        recording_free(fc_steal(recorder->recording));
    }
    recorder->journal = recorder->journal ? journal_free(recorder->journal) : NULL;
    recorder->replay = replay_free(recorder->replay);
    if (recorder->writer && !begun) /* such as when another broker runs; a confined one cannot */
        unlink(recorder->spec.record);
    recorder->writer = record_writer_free(recorder->writer);
    fc_closep(&recorder->replay_fd);
    recorder->replay_fd = -1;
}
