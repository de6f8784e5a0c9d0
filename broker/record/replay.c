/* SPDX-License-Identifier: BSD-2-Clause */
/* Plays the entries of a recording at their times. */
#include "broker/record/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/python/backend.h"
#include "broker/python/replay.h"
#include "broker/python/status.h"
#include "broker/record/private.h"
#include "broker/record/replay_read.h"
#include "broker/show/show.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define REPLAY_LOOK_NS (20 * FC_NS_PER_MS) /* between looks whether all are up or have failed */
#define REPLAY_BUDGET  256                 /* entries in one turn of the loop */

static void replay_turn(void *userdata);

int replay_new(struct replay **replayp, const struct replay_spec *spec)
{
    struct replay *replay = calloc(1, sizeof(*replay));
    struct record_item start = {0};
    int r;

    if (!replay)
        return -ENOMEM;
    replay->spec = *spec;
    replay->last = &replay->first;
    replay->others.last = &replay->others.first;
    replay->timer = (struct timer){.fn = replay_turn, .what = "the replay", .userdata = replay};
    replay->task = (struct loop_task){.fn = replay_turn, .what = "the replay", .userdata = replay};
    r = record_reader_new(&replay->reader, spec->fd);
    if (r == 0)
        r = record_reader_next(replay->reader, &start);
    if (r != 1) {
        fprintf(
            stderr,
            "firecurtain: the recording cannot be replayed: %s (firecurtain replay RECORDING [show.cfg])\n",
            r ? record_reader_problem(r) : "it is empty");
        replay_free(replay);
        return r == 0 || r == -ENODATA || r == -EBADMSG ? -EPROTO : r;
    }
    replay->start_ns = start.time_ns;
    replay->wall_ns = start.wall_ns;
    *replayp = replay;
    return 0;
}

struct replay *replay_free(struct replay *replay)
{
    if (!replay)
        return NULL;
    replay_stop(replay);
    while (replay->first) {
        struct replay_entry *entry = replay->first;

        replay->first = entry->next;
        replay_entry_free(replay, entry);
    }
    while (replay->n_lanes) { /* a lane may have several numbers */
        struct replay_lane *lane = replay->lanes[--replay->n_lanes];

        if (--lane->n_numbers == 0)
            free(lane);
    }
    for (size_t i = 0; i < replay->n_channels; i++)
        free(replay->channels[i].name);
    free(replay->lanes);
    free(replay->channels);
    record_reader_free(replay->reader);
    free(replay);
    return NULL;
}

void replay_stop(struct replay *replay)
{
    replay->phase = REPLAY_OVER;
    if (!replay->loop)
        return;
    loop_cancel_timer(replay->loop, &replay->timer);
    loop_cancel_task(&replay->task);
}

static void replay_start_item(const struct replay *replay, struct record_item *start)
{
    start->time_ns = replay->start_ns;
    start->wall_ns = replay->wall_ns;
}

static void replay_go_on(struct replay *replay)
{
    if (replay->phase != REPLAY_OVER)
        loop_defer(replay->loop, &replay->task);
}

static void replay_finish(struct replay *replay, struct replay_entry *entry, bool is_played)
{
    struct replay_lane *lane = entry->lane;

    entry->state = is_played ? REPLAY_DONE : REPLAY_LEFT_OUT;
    lane->first = entry->next_in_lane;
    if (!lane->first)
        lane->last = &lane->first;
}

/* Writes down what has happened, in the order of the recording. */
static void replay_write(struct replay *replay)
{
    while (replay->first && replay->first->state >= REPLAY_DONE) {
        struct replay_entry *entry = replay->first;
        struct record_item item = {
            .kind = entry->kind,
            .time_ns = entry->time_ns,
            .phase = entry->phase,
            .died = entry->died,
            .channels = entry->events.channels,
            .values = entry->events.values,
            .n_events = entry->events.n,
            .ticks = entry->ticks,
            .n_ticks = entry->n_ticks,
            .ready = entry->ready,
            .count = entry->count,
        };

        if (entry == replay->part)
            return;
        if (entry->state == REPLAY_DONE) {
            journal_write(replay->journal, entry->instance, &item);
            journal_write_outputs(replay->journal, entry->instance, entry->time_ns, &entry->outputs,
                                  entry->missed);
        }
        replay->first = entry->next;
        if (!replay->first)
            replay->last = &replay->first;
        replay_entry_free(replay, entry);
    }
}

/* Translates an entry's events to the ids of the show's channels, and leaves out those that it does not have.
 */
static void replay_translate(struct replay *replay, struct replay_entry *entry,
                             const struct fc_instance *instance)
{
    struct queue_list *events = &entry->events;
    size_t kept = 0;

    for (size_t i = 0; i < events->n; i++) {
        const struct replay_channel *channel = replay_find_channel(replay, events->channels[i], instance);

        if (!channel)
            continue;
        events->channels[kept] = (uint32_t)channel->id;
        events->values[kept++] = events->values[i];
    }
    replay->n_bytes -= (events->n - kept) * 12;
    events->n = kept;
    entry->instance = instance;
}

static void replay_input(struct replay *replay, struct replay_entry *entry)
{
    uint32_t number = entry->events.n ? entry->events.channels[0] : 0;
    struct fc_instance *instance =
        number < replay->n_channels ? replay->lanes[replay->channels[number].lane]->instance : NULL;

    replay_translate(replay, entry, instance);
    if (entry->events.n)
        router_emit(&replay->show->router, ROUTE_REPLAY, instance, entry->events.channels,
                    entry->events.values, 1);
    replay_finish(replay, entry, entry->events.n);
}

/* Whether there is no point in waiting for a script any more. */
static bool replay_is_lost(const struct fc_instance *instance)
{
    struct python_status status;

    if (!instance || instance->backend != &backend_python || instance_is_stopped(instance))
        return true;
    if (!instance_is_started(instance))
        return instance->state == INSTANCE_FAILED;
    python_status_read(instance, &status);
    return strcmp(status.state, "failed") == 0;
}

static void replay_warn_lane(struct replay *replay, struct replay_lane *lane, const char *what)
{
    if (!lane->is_warned)
        replay_warn(replay, lane->instance ? lane->instance->name : NULL, "%s", what);
    lane->is_warned = true;
}

static void replay_batch(struct replay *replay, struct replay_entry *entry)
{
    struct fc_instance *instance = entry->lane->instance;

    replay_translate(replay, entry, instance);
    if (entry->ready)
        replay_warn_lane(replay, entry->lane, "what its managed sockets receive is not part of a recording");
    if (!entry->events.n && !entry->n_ticks) {
        replay_finish(replay, entry, false);
        return;
    }
    entry->state = REPLAY_RUNS; /* replay_begins() will look for it */
    if (entry->events.n)
        python_replay(instance, &(struct message_batch){.channels = entry->events.channels,
                                                        .values = entry->events.values,
                                                        .n_events = entry->events.n});
    else
        python_replay_ticks(instance, entry->ticks, entry->n_ticks);
}

/* Plays a step if its script is ready for it. Returns whether the next of its lane may follow at once. */
static bool replay_step(struct replay *replay, struct replay_entry *entry)
{
    struct replay_lane *lane = entry->lane;

    if (entry->state == REPLAY_RUNS || entry == replay->part)
        return false;
    if (replay_is_lost(lane->instance)) {
        replay_finish(replay, entry, false);
        return true;
    }
    if (entry->phase == RECORD_CLEANUP) {
        if (!entry->next_in_lane)
            return false; /* it happens when the show ends */
        replay_warn_lane(replay, lane, "it ended in the recording, but goes on in the replay");
        replay_finish(replay, entry, false);
        return true;
    }
    if (!python_is_idle(lane->instance))
        return false;
    if (entry->phase == RECORD_IMPORT) {
        replay_warn_lane(replay, lane, "it was restarted in the recording, but is not in the replay");
        replay_finish(replay, entry, false);
        return true;
    }
    replay_batch(replay, entry);
    return entry->state == REPLAY_LEFT_OUT;
}

static bool replay_play(struct replay *replay, struct replay_entry *entry)
{
    if (entry->kind == RECORD_STEP)
        return replay_step(replay, entry);
    if (entry->kind == RECORD_INPUT)
        replay_input(replay, entry);
    else
        replay_finish(replay, entry, true);
    return true;
}

/* Plays what is due in a lane. `*next_ns` becomes the time in the recording of the next entry, if earlier. */
static void replay_play_lane(struct replay *replay, struct replay_lane *lane, uint64_t until_ns,
                             uint64_t *next_ns)
{
    for (unsigned budget = REPLAY_BUDGET; lane->first; budget--) {
        if (!budget) {
            replay_go_on(replay);
            return;
        }
        if (lane->first->time_ns > until_ns) {
            if (lane->first->time_ns < *next_ns)
                *next_ns = lane->first->time_ns;
            return;
        }
        if (!replay_play(replay, lane->first))
            return;
    }
}

/* Plays without times: one entry after the other, as they are in the recording. */
static void replay_play_in_order(struct replay *replay)
{
    struct replay_entry *entry = replay->first;

    for (unsigned budget = REPLAY_BUDGET; entry; budget--) {
        bool stays = entry->kind == RECORD_STEP && entry->phase == RECORD_CLEANUP && !entry->next_in_lane;

        if (!budget) {
            replay_go_on(replay);
            return;
        }
        if (entry->state < REPLAY_DONE && !stays &&
            (entry != entry->lane->first || !replay_play(replay, entry)))
            return;
        entry = entry->next;
    }
}

/* Whether nothing is left except what happens at the end of a show. */
static bool replay_is_played(const struct replay *replay)
{
    if (!replay->is_read)
        return false;
    for (const struct replay_entry *entry = replay->first; entry; entry = entry->next) {
        bool is_cleanup = entry->kind == RECORD_STEP && entry->phase == RECORD_CLEANUP;

        if (entry->state == REPLAY_RUNS || (entry->state == REPLAY_WAITS && !is_cleanup))
            return false;
    }
    return true;
}

/* Whether the clock of the recording runs: it starts when all scripts have started or failed. */
static bool replay_goes(struct replay *replay, uint64_t now_ns)
{
    struct show_health health;

    if (replay->phase == REPLAY_GOES)
        return true;
    show_health(replay->show, &health);
    if (health.n_starting)
        return false;
    replay->phase = REPLAY_GOES;
    replay->base_ns = now_ns;
    fc_log(FC_LOG_INFO, NULL, "replaying");
    return true;
}

static uint64_t replay_due_ns(const struct replay *replay, uint64_t time_ns)
{
    double ahead_ns = (double)(time_ns - replay->start_ns) / replay->spec.speed;

    return ahead_ns < 1e18 ? replay->base_ns + (uint64_t)ahead_ns : TIMER_NEVER - 1;
}

static void replay_advance(struct replay *replay, uint64_t now_ns)
{
    uint64_t until_ns, next_ns = UINT64_MAX, look_ns = now_ns + REPLAY_LOOK_NS, due_ns = look_ns;

    if (replay->spec.speed == 0) {
        replay_play_in_order(replay);
    } else {
        until_ns = replay->start_ns + (uint64_t)((double)(now_ns - replay->base_ns) * replay->spec.speed);
        replay_play_lane(replay, &replay->others, until_ns, &next_ns);
        for (size_t i = 0; i < replay->n_lanes; i++)
            replay_play_lane(replay, replay->lanes[i], until_ns, &next_ns);
        if (next_ns != UINT64_MAX)
            due_ns = replay_due_ns(replay, next_ns);
    }
    loop_set_timer(replay->loop, &replay->timer, due_ns < look_ns ? due_ns : look_ns);
}

/* An end of a script in the middle of the recording, after which nothing more comes from it so far. */
static void replay_make_room(struct replay *replay)
{
    struct replay_entry *entry = replay->first;

    if (entry && !replay->is_read && entry->state == REPLAY_WAITS && entry->kind == RECORD_STEP &&
        entry->phase == RECORD_CLEANUP &&
        (replay->n_entries >= REPLAY_MAX_ENTRIES || replay->n_bytes >= REPLAY_MAX_BYTES))
        replay_finish(replay, entry, false);
}

static void replay_turn(void *userdata)
{
    struct replay *replay = userdata;
    uint64_t now_ns = fc_now_ns();

    if (replay->phase == REPLAY_OVER)
        return;
    if (!replay_goes(replay, now_ns)) {
        loop_set_timer(replay->loop, &replay->timer, now_ns + REPLAY_LOOK_NS);
        return;
    }
    replay_advance(replay, now_ns);
    replay_write(replay);
    replay_make_room(replay);
    replay_read(replay);
    if (!replay_is_played(replay))
        return;
    replay_stop(replay);
    fc_log(FC_LOG_INFO, NULL, "the recording was replayed");
    replay->spec.finished(replay->spec.userdata);
}

static uint64_t replay_begins(struct replay *replay, const struct fc_instance *instance,
                              struct show_step *step)
{
    for (size_t i = 0; i < replay->n_lanes; i++) {
        struct replay_entry *entry = replay->lanes[i]->first;

        if (replay->lanes[i]->instance != instance)
            continue;
        if (!entry || entry->phase != step->phase ||
            (step->phase == RECORD_BATCH) != (entry->state == REPLAY_RUNS))
            break;
        entry->state = REPLAY_RUNS;
        entry->instance = instance;
        step->entry = entry;
        return entry->time_ns;
    }
    return step->time_ns ? step->time_ns : replay->start_ns; /* the step is not in the recording */
}

static uint64_t replay_cleanup_ns(const struct show_step *step)
{
    const struct replay_entry *next = step->entry ? step->entry->next_in_lane : NULL;

    return next && next->phase == RECORD_CLEANUP ? next->time_ns : step->time_ns;
}

static void replay_done(struct replay *replay, struct show_step *step, bool died)
{
    struct replay_entry *entry = fc_steal(step->entry);

    entry->died = died;
    entry->missed = step->missed;
    entry->outputs = step->outputs;
    step->outputs = (struct queue_list){0};
    replay_finish(replay, entry, true);
    if (replay->phase == REPLAY_OVER) /* a cleanup at the end of the show */
        replay_write(replay);
    replay_go_on(replay);
}

static const struct journal_replay_ops replay_journal_ops = {
    .begins = replay_begins,
    .cleanup_ns = replay_cleanup_ns,
    .done = replay_done,
    .go_on = replay_go_on,
    .start_item = replay_start_item,
};

void replay_begin(struct replay *replay, struct journal *journal, struct show *show, struct loop *loop)
{
    replay->journal = journal;
    replay->show = show;
    replay->loop = loop;
    replay_read(replay);
    journal_set_replay(journal, &replay_journal_ops, replay, replay->spec.is_mute);
    loop_set_timer(loop, &replay->timer, fc_now_ns() + REPLAY_LOOK_NS);
}
