/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends what happens in the show to clients that record it (firecurtain record). */
#include "broker/control/record.h"

#include "broker/base/runtime.h"
#include "broker/control/follow.h"
#include "broker/control/private.h"
#include "broker/control/reply.h"
#include "broker/record/journal.h"
#include "broker/record/recording.h"
#include "broker/show/show.h"
#include "firecurtain/time.h"

#define RECORD_WINDOW  8           /* blocks that the client may not have read yet */
#define RECORD_LOOK_NS FC_NS_PER_S /* how often to look for clients that are gone */

static void record_end(struct control *control, size_t index, const char *why)
{
    struct control_recorder *recorder = &control->recorders.list[index];

    if (!recorder->recording)
        return;
    journal_remove(control->spec.journal, recorder->recording, why);
    recorder->recording = recording_free(recorder->recording);
    control_unfollow(recorder->follower);
}

static int record_keep(void *userdata, const void *block, size_t n_bytes, uint64_t missed)
{
    struct control_recorder *recorder = userdata;
    struct control_reply reply = {.outcome = CONTROL_DONE,
                                  .record = block,
                                  .n_record = n_bytes,
                                  .missed = missed};

    return control_tell(recorder->control, recorder->follower, RECORD_WINDOW, &reply);
}

static void record_look(void *userdata)
{
    struct control *control = userdata;
    bool is_any = false;

    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++) {
        const struct control_recorder *recorder = &control->recorders.list[i];

        if (recorder->recording && recording_is_over(recorder->recording))
            record_end(control, i, NULL);
        is_any = is_any || recorder->recording;
    }
    if (is_any)
        loop_set_timer(control->spec.runtime->loop, &control->recorders.look, fc_now_ns() + RECORD_LOOK_NS);
}

void control_record_gone(struct control *control, uint64_t client)
{
    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++) {
        if (control->recorders.list[i].recording &&
            (!client || control->recorders.followers[i].call.client == client)) {
            control->recorders.followers[i].call.client = 0; /* nothing more can be sent */
            record_end(control, i, NULL);
        }
    }
}

void control_record_revoked(struct control *control, unsigned token)
{
    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++) {
        struct control_follower *follower = &control->recorders.followers[i];
        struct control_reply reply = {.outcome = CONTROL_REFUSED, .text = CONTROL_SIGNED_OUT};
        struct control_call call = follower->call;

        if (!follower->is_used || call.token != token)
            continue;
        record_end(control, i, "the link has ended");
        control_send(control, &call, &reply);
    }
}

void control_record_start(struct control *control)
{
    control->recorders.look = (struct timer){.fn = record_look, .what = "the recording", .userdata = control};
    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++)
        control->recorders.list[i] =
            (struct control_recorder){.control = control, .follower = &control->recorders.followers[i]};
}

void control_record_stop(struct control *control, const char *why)
{
    loop_cancel_timer(control->spec.runtime->loop, &control->recorders.look);
    for (size_t i = 0; i < CONTROL_FOLLOWERS; i++)
        record_end(control, i, why);
}

static int record_begin(struct control *control, struct control_recorder *recorder)
{
    struct record_item start = journal_start(control->spec.journal);
    int r;

    start.text = control->show->path;
    r = recording_new(&recorder->recording, &start, record_keep, recorder);
    if (r == 0)
        r = journal_add(control->spec.journal, recorder->recording);
    if (r < 0)
        recorder->recording = recording_free(recorder->recording);
    return r;
}

bool control_record(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply)
{
    struct control_follower *follower;

    (void)request;
    follower = control_follow(control, control->recorders.followers, call, reply);
    if (!follower)
        return true;
    if (record_begin(control, &control->recorders.list[follower - control->recorders.followers]) < 0) {
        control_unfollow(follower);
        reply->outcome = CONTROL_FAILED;
        reply->text = "too many clients are recording already";
        return true;
    }
    loop_set_timer(control->spec.runtime->loop, &control->recorders.look, fc_now_ns() + RECORD_LOOK_NS);
    return true; /* an answer without a block says that it has begun */
}
