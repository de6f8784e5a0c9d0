/* SPDX-License-Identifier: BSD-2-Clause */
/* When files are loaded again, and what becomes of an instance when the configuration has been reloaded. */
#include "broker/python/reload.h"

#include <stdlib.h>
#include <string.h>

#include "broker/guest/guest.h"
#include "broker/python/failure.h"
#include "broker/python/file_watch.h"
#include "broker/python/leavers.h"
#include "broker/python/next.h"
#include "broker/python/private.h"
#include "broker/python/start.h"
#include "broker/python/state.h"
#include "broker/python/worker.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

/* So much time has a start, before files that have changed meanwhile begin it anew. */
#define RELOAD_PATIENCE_NS (2 * FC_NS_PER_S)
#define RELOAD_END_NS      (10 * FC_NS_PER_MS) /* between two looks at a worker that is being ended */

static bool reload_later(struct python *python, uint64_t due_ns)
{
    loop_set_timer(python_runtime(python)->loop, &python->again, due_ns);
    return true;
}

/*
 * Whether files are about to be loaded, or were just begun: then they are loaded again later, if at all.
 * Otherwise changes that come faster than files can be loaded would keep a script from ever running.
 */
static bool reload_can_wait(struct python *python)
{
    bool is_next = python->next.guest && !python->next.is_ready;
    bool is_first = guest_is_starting(python->guest);
    uint64_t due_ns = (is_next ? python->next.started_ns : python->started_ns) + RELOAD_PATIENCE_NS;
    uint64_t now_ns = fc_now_ns();

    if (python->turn.is_waiting || python->next.turn.is_waiting)
        return true;
    if (python->guest && !is_first && !guest_is_running(python->guest)) /* what it has put out is not lost */
        return reload_later(python, now_ns + RELOAD_END_NS);
    return (is_next || is_first) && now_ns < due_ns && reload_later(python, due_ns);
}

/* Loads the files again: beside the running worker, or in place of one that does not run. */
static void python_reload(struct python *python)
{
    if (reload_can_wait(python))
        return;
    loop_cancel_timer(python_runtime(python)->loop, &python->again);
    python_next_drop(python); /* the files that it has read have changed again */
    if (!guest_is_running(python->guest)) {
        fc_log(FC_LOG_INFO, python->instance->name,
               "its files have changed, or the configuration was reloaded: "
               "starting it");
        python_start_over(python);
        return;
    }
    fc_log(FC_LOG_INFO, python->instance->name, "its files have changed: loading them");
    python_next_start(python);
}

static void reload_changed(void *userdata)
{
    struct python *python = userdata;

    if ((python->reload || python_is_held_by_files(python)) && !python_is_stopping(python))
        python_reload(python);
}

static void reload_again(void *userdata)
{
    struct python *python = userdata;

    if (!python_is_stopping(python))
        python_reload(python);
}

void python_reload_init(struct python *python)
{
    struct file_watch_spec spec = {.account = instance_account(python->instance),
                                   .folder = python->folder,
                                   .changed = reload_changed,
                                   .userdata = python};
    int r = python->sources ? 0 : file_watch_new(&python->sources, python_runtime(python)->files, &spec);

    python->again = (struct timer){.fn = reload_again, .what = "changed files", .userdata = python};
    python_next_init(python);
    if (r < 0)
        fc_log(FC_LOG_WARNING, python->instance->name, "changes to the files in %s will not be noticed: %s",
               python->folder, strerror(-r));
}

void python_reload_stop(struct python *python)
{
    python_next_drop(python);
    if (python_runtime(python))
        loop_cancel_timer(python_runtime(python)->loop, &python->again);
    if (python->channels == PYTHON_CHANNELS_DUE)
        python->channels = PYTHON_CHANNELS_TOLD;
}

void python_reload_deinit(struct python *python)
{
    python_reload_stop(python);
    python_free_leavers(python);
    python->sources = file_watch_free(python->sources);
}

/*
 * Tells a worker its channels, now or after its import. Returns false if it has to begin again: while it
 * imports, it numbers the channels that it makes, and now the configuration has added some.
 */
static bool refresh_channels(struct python *python, struct guest *guest, enum python_channels news)
{
    if (guest_is_running(guest))
        python_send_channels(python, guest, false);
    else if (guest_is_importing(guest) && news == PYTHON_CHANNELS_ADDED)
        return false;
    else
        python->channels = PYTHON_CHANNELS_DUE;
    return true;
}

void python_refresh(void *self)
{
    struct python *python = self;
    enum python_channels news = python->channels;
    bool guest_stays = true, next_stays = true;

    if (news == PYTHON_CHANNELS_CHANGED || news == PYTHON_CHANNELS_ADDED) {
        python->channels = PYTHON_CHANNELS_TOLD;
        guest_stays = refresh_channels(python, python->guest, news);
        next_stays = refresh_channels(python, python->next.guest, news);
    }
    if (!guest_stays)
        python_start_over(python);
    else if (!next_stays || python_is_failed(python) || file_watch_is_stale(python->sources))
        python_reload(python);
}

void python_inherit(void *self, void *previous)
{
    struct python *python = self, *from = previous;
    const uint32_t *channels;
    const double *values;
    size_t n;

    python->counters = from->counters;
    for (uint32_t id = 0; id < python->instance->n_channels; id++) {
        int64_t old = instance_find_channel(from->instance, instance_channel_name(python->instance, id));

        if (old < 0)
            continue;
        python->inputs[id] = from->inputs[old];
        python->outputs[id] = from->outputs[old];
        python->driven[id] = from->driven[old];
    }
    while ((n = queue_peek(&from->queue, &channels, &values))) {
        for (size_t i = 0; i < n; i++) {
            int64_t id =
                instance_find_channel(python->instance, instance_channel_name(from->instance, channels[i]));

            if (id >= 0 && (python->instance->channels[id].directions & FC_TARGET))
                queue_push(&python->queue, (uint32_t)id, values[i]);
        }
        queue_consume(&from->queue, n);
    }
}
