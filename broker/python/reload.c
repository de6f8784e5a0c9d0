/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See python.h: hot reload. When files that a script was loaded from have changed, a new worker imports them
 * beside the running one, which plays on meanwhile. Only when that went well do the two change places,
 * between two batches; the old one then cleans up. If it did not go well, nothing but the log has changed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/python/file_watch.h"
#include "broker/python/private.h"
#include "broker/show/show.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define RELOAD_MAX_LEAVERS                                                                                   \
    4 /* scripts that clean up at the same time; then the one before is not waited for */

/* A worker that was replaced, as long as it cleans up. */
struct python_leaver {
    struct python *python;
    struct guest *guest;
    struct python_leaver *next;
};

static struct runtime *reload_runtime(const struct python *python)
{
    return python->instance->show->runtime;
}

/* Those who leave. */

static void leaver_free(struct python_leaver *leaver)
{
    struct python_leaver **link = &leaver->python->leavers;

    while (*link != leaver)
        link = &(*link)->next;
    *link = leaver->next;
    python_count_cpu(leaver->python, leaver->guest);
    guest_free(leaver->guest);
    free(leaver);
}

/*
 * What a script that was replaced puts out at its end reaches the channels that it never drove before: its
 * farewells. The others are its successor's.
 */
static int leaver_output(void *userdata, const uint32_t *channels, const double *values, size_t n)
{
    const struct python_leaver *leaver = userdata;
    struct python *python = leaver->python;

    if (!python_knows(python, channels, n))
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        if (python->driven[channels[i]])
            continue;
        python_journal_output(python, &channels[i], &values[i], 1);
        python_rate_emit(python, &channels[i], &values[i], 1);
    }
    return 0;
}

static int leaver_setup(void *userdata, struct message_setup *setup)
{
    return -EPROTO; /* it had its setup, as it had its channels */
}

static int leaver_new_channel(void *userdata, const char *name)
{
    return -EPROTO;
}

static void leaver_exceptions(void *userdata, uint32_t n)
{
    const struct python_leaver *leaver = userdata;

    leaver->python->counters.exceptions += n;
}

static bool never_throttled(void *userdata)
{
    return false; /* what is too much gives way to newer values in the broker */
}

static bool leaver_is_congested(void *userdata)
{
    const struct python_leaver *leaver = userdata;

    return python_is_congested(leaver->python);
}

static void leaver_ignore(void *userdata)
{
    (void)userdata;
}

static void leaver_loaded(void *userdata, const char *path)
{
    (void)userdata;
    (void)path;
}

/* It has no business with new ones. */
static int leaver_borrow(void *userdata, const struct gate_name *name)
{
    return -EADDRINUSE;
}

static void leaver_ended(void *userdata, const char *why, bool asked, bool is_clean)
{
    struct python_leaver *leaver = userdata;
    struct python *python = leaver->python;

    (void)is_clean;
    fc_log(asked ? FC_LOG_DEBUG : FC_LOG_WARNING, python->instance->name, "the replaced worker ended: %s",
           why);
    leaver_free(leaver);
    python_check_quiet(python);
}

static const struct guest_ops leaver_ops = {
    .begins = guest_begins_unseen,
    .setup = leaver_setup,
    .ready = leaver_ignore,
    .new_channel = leaver_new_channel,
    .output = leaver_output,
    .exceptions = leaver_exceptions,
    .loaded = leaver_loaded,
    .borrow = leaver_borrow,
    .is_congested = leaver_is_congested,
    .is_throttled = never_throttled,
    .handled = leaver_ignore,
    .wanted = leaver_ignore,
    .ended = leaver_ended,
};

/* Too many at once: the first of them has had its time. */
static void leaver_limit(struct python *python)
{
    struct python_leaver *oldest = python->leavers;
    unsigned n = 0;

    for (struct python_leaver *leaver = oldest; leaver; leaver = leaver->next, n++)
        oldest = leaver;
    if (n >= RELOAD_MAX_LEAVERS)
        leaver_free(oldest);
}

static int leaver_new(struct python *python, struct guest *guest)
{
    struct python_leaver *leaver = calloc(1, sizeof(*leaver));

    if (!leaver)
        return -ENOMEM;
    leaver_limit(python);
    *leaver = (struct python_leaver){.python = python, .guest = guest, .next = python->leavers};
    python->leavers = leaver;
    guest_set_ops(guest, &leaver_ops, leaver);
    guest_stop(guest);
    return 0;
}

int python_borrow_of_leavers(void *userdata, const struct gate_name *name)
{
    const struct python *python = userdata;
    int fd = -EADDRINUSE;

    for (const struct python_leaver *leaver = python->leavers; fd < 0 && leaver; leaver = leaver->next)
        fd = guest_lend(leaver->guest, name);
    return fd;
}

/* The one that comes. */

/* What it put out so far is the show's now. */
static void next_release_outputs(struct python *python)
{
    const uint32_t *channels;
    const double *values;
    size_t n;

    while ((n = queue_peek(&python->next_outputs, &channels, &values))) {
        python_emit(python, channels, values, n);
        queue_consume(&python->next_outputs, n);
    }
}

/* It is the instance's worker from now on. */
static void next_enter(struct python *python)
{
    python->guest = python->next;
    python->next = NULL;
    python->started_ns = python->next_started_ns;
    guest_set_ops(python->guest, &python_guest_ops, python);
    python_begins(python, GUEST_IMPORT, NULL);
    next_release_outputs(python);
    if (!python->next_ready)
        return; /* python_ready() goes on */
    python_journal_done(python, false);
    python->next_ready = false;
    python_send_channels(python, python->guest, true);
    fc_log(FC_LOG_INFO, python->instance->name, "running (pid %d) with its changed files",
           guest_pid(python->guest));
}

void python_swap(struct python *python)
{
    struct guest *old = python->guest;

    if (!python->next_ready || !guest_is_idle(old))
        return;
    if (leaver_new(python, old) < 0)
        return; /* no memory: the next event tries again */
    next_enter(python);
}

bool python_take_next(struct python *python)
{
    if (!python->next)
        return false;
    next_enter(python);
    return true;
}

static int next_output(void *userdata, const uint32_t *channels, const double *values, size_t n)
{
    struct python *python = userdata;

    if (!python_knows(python, channels, n))
        return -EINVAL;
    return queue_push_many(&python->next_outputs, channels, values, n);
}

static void next_ready(void *userdata)
{
    struct python *python = userdata;

    start_queue_leave(&python->next_turn);
    if (guest_missing_handlers(python->next) > guest_missing_handlers(python->guest)) {
        guest_end(python->next, "its changed files lack handlers that the running script has");
        return;
    }
    python->next_ready = true;
    file_watch_end(python->sources, true);
    python_pump(python);
}

/* The port that the running script listens on: both do until they change places, and nothing is lost. */
static int next_borrow(void *userdata, const struct gate_name *name)
{
    const struct python *python = userdata;
    int fd = guest_lend(python->guest, name);

    return fd >= 0 ? fd : python_borrow_of_leavers(userdata, name);
}

static void next_wanted(void *userdata)
{
    (void)userdata; /* what is due waits until it is its turn */
}

static void next_drop(struct python *python)
{
    start_queue_leave(&python->next_turn);
    python_count_cpu(python, python->next);
    python->next = guest_free(python->next);
    python->next_ready = false;
    queue_clear(&python->next_outputs);
}

static void next_ended(void *userdata, const char *why, bool asked, bool is_clean)
{
    struct python *python = userdata;

    (void)asked;
    (void)is_clean;
    file_watch_end(python->sources, false);
    fc_log(FC_LOG_ERROR, python->instance->name,
           "its changed files were not taken (%s): the script plays on as it was", why);
    next_drop(python); /* `why` is in it */
}

static const struct guest_ops next_ops = {
    .begins = guest_begins_unseen,
    .setup = python_setup,
    .ready = next_ready,
    .new_channel = python_new_channel,
    .output = next_output,
    .exceptions = python_exceptions,
    .loaded = python_loaded,
    .borrow = next_borrow,
    .is_congested = python_is_congested,
    .is_throttled = never_throttled,
    .handled = next_wanted,
    .wanted = next_wanted,
    .ended = next_ended,
};

static void next_start(void *userdata)
{
    struct python *python = userdata;
    struct guest_spec spec = python_guest_spec(python);
    int r;

    if (!guest_is_running(python->guest)) { /* it has ended while this waited for its turn */
        start_queue_leave(&python->next_turn);
        return;
    }
    spec.generation = ++python->generation;
    python->next_started_ns = fc_now_ns();
    file_watch_begin(python->sources);
    r = guest_new(&python->next, reload_runtime(python), &spec, &next_ops, python);
    if (r == 0)
        return;
    start_queue_leave(&python->next_turn);
    file_watch_end(python->sources, false);
    fc_log(FC_LOG_ERROR, python->instance->name, "its changed files cannot be loaded: %s", strerror(-r));
}

void python_reload(struct python *python)
{
    next_drop(python); /* what it has read is not what is there now */
    if (!guest_is_running(python->guest)) {
        fc_log(FC_LOG_INFO, python->instance->name,
               "its files have changed, or the configuration was read: "
               "starting it");
        python_start_over(python);
        return;
    }
    fc_log(FC_LOG_INFO, python->instance->name, "its files have changed: loading them");
    start_queue_enter(reload_runtime(python)->starts, &python->next_turn);
}

static void reload_changed(void *userdata)
{
    struct python *python = userdata;

    if (python->reload && !python->stopping)
        python_reload(python);
}

void python_reload_init(struct python *python)
{
    struct file_watch_spec spec = {.account = instance_account(python->instance),
                                   .folder = python->folder,
                                   .changed = reload_changed,
                                   .userdata = python};
    int r = python->sources ? 0 : file_watch_new(&python->sources, reload_runtime(python)->files, &spec);

    python->next_turn = (struct start_turn){.fn = next_start, .userdata = python};
    if (r < 0)
        fc_log(FC_LOG_WARNING, python->instance->name, "changes of the files in %s will not be noticed: %s",
               python->folder, strerror(-r));
}

void python_reload_stop(struct python *python)
{
    next_drop(python);
    python->channels_due = false;
}

void python_reload_deinit(struct python *python)
{
    python_reload_stop(python);
    while (python->leavers)
        leaver_free(python->leavers);
    python->sources = file_watch_free(python->sources);
}

/* The configuration was read again, and this instance stays. */

/*
 * While it imports, a worker numbers the channels that it makes itself: if the configuration has brought new
 * ones, it begins again.
 */
static bool refresh_channels(struct python *python, struct guest *guest)
{
    if (guest_is_running(guest))
        python_send_channels(python, guest, false);
    else if (guest_is_importing(guest) && python->channels_added)
        return false;
    else
        python->channels_due = true;
    return true;
}

void python_refresh(void *self)
{
    struct python *python = self;
    bool guest_stays = true, next_stays = true;

    if (python->channels_changed) {
        guest_stays = refresh_channels(python, python->guest);
        next_stays = refresh_channels(python, python->next);
    }
    python->channels_changed = python->channels_added = false;
    if (!guest_stays)
        python_start_over(python);
    else if (!next_stays || python->is_over || file_watch_is_stale(python->sources))
        python_reload(python);
}

/* From an instance of that name with other options, which has ended: values, figures, and events that wait.
 */
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
