/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker that imports changed files and then takes over. */
#include "broker/python/next.h"

#include <errno.h>
#include <string.h>

#include "broker/python/failure.h"
#include "broker/python/file_watch.h"
#include "broker/python/journal.h"
#include "broker/python/leavers.h"
#include "broker/python/outflow.h"
#include "broker/python/private.h"
#include "broker/python/pump.h"
#include "broker/python/state.h"
#include "broker/python/stats.h"
#include "broker/python/worker.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

/* Emits what it has put out so far. */
static void next_release_outputs(struct python *python)
{
    const uint32_t *channels;
    const double *values;
    size_t n;

    while ((n = queue_peek(&python->next.outputs, &channels, &values))) {
        python_emit(python, channels, values, n);
        queue_consume(&python->next.outputs, n);
    }
}

/* Makes it the instance's worker. */
static void next_enter(struct python *python)
{
    python->guest = python->next.guest;
    python->next.guest = NULL;
    python->started_ns = python->next.started_ns;
    guest_set_ops(python->guest, python->guest_ops, python);
    python_begins(python, GUEST_IMPORT, NULL);
    next_release_outputs(python);
    if (!python->next.is_ready)
        return; /* python_ready() does the rest */
    python_journal_done(python, false);
    python->next.is_ready = false;
    python_send_channels(python, python->guest, true);
    fc_log(FC_LOG_INFO, python->instance->name, "running (pid %d) with its changed files",
           guest_pid(python->guest));
}

static void next_swap(struct python *python)
{
    struct guest *old = python->guest;

    if (!python->next.is_ready || !guest_is_idle(old))
        return;
    if (python_add_leaver(python, old) < 0)
        return; /* out of memory: the next event tries again */
    next_enter(python);
}

void python_go_on(struct python *python)
{
    if (python_is_stopping(python))
        return;
    next_swap(python);
    python_pump(python);
}

bool python_next_take_over(struct python *python)
{
    if (!python->next.guest)
        return false;
    next_enter(python);
    return true;
}

static int next_output(void *userdata, const uint32_t *channels, const double *values, size_t n)
{
    struct python *python = userdata;

    if (!python_knows(python, channels, n))
        return -EINVAL;
    return queue_push_many(&python->next.outputs, channels, values, n);
}

static void next_ready(void *userdata)
{
    struct python *python = userdata;

    start_queue_leave(&python->next.turn);
    python_forget_failure(python);
    if (guest_missing_handlers(python->next.guest) > guest_missing_handlers(python->guest)) {
        guest_dismiss(python->next.guest, "they lack handlers that the running script has");
        return;
    }
    python->next.is_ready = true;
    file_watch_end(python->sources, true);
    python_go_on(python);
}

static void next_wanted(void *userdata)
{
    (void)userdata; /* what is due waits until it is the running worker */
}

void python_next_drop(struct python *python)
{
    start_queue_leave(&python->next.turn);
    python_count_cpu(python, python->next.guest);
    python->next.guest = guest_free(python->next.guest);
    python->next.is_ready = false;
    queue_clear(&python->next.outputs);
}

static void next_ended(void *userdata, const char *why, bool asked, bool is_clean)
{
    struct python *python = userdata;

    (void)asked;
    (void)is_clean;
    file_watch_end(python->sources, false);
    python->failure.is_new = false;
    fc_log(FC_LOG_ERROR, python->instance->name,
           "its changed files were rejected (%s); the script goes on unchanged", why);
    python_next_drop(python); /* `why` is in it */
}

static const struct guest_ops next_ops = {
    .begins = guest_begins_unseen,
    .setup = python_setup,
    .ready = next_ready,
    .new_channel = python_new_channel,
    .failed = python_failed,
    .output = next_output,
    .exceptions = python_exceptions,
    .loaded = python_loaded,
    .is_congested = python_is_congested,
    .is_throttled = python_is_never_throttled,
    .handled = next_wanted,
    .wanted = next_wanted,
    .ended = next_ended,
};

static void next_start(void *userdata)
{
    struct python *python = userdata;
    struct guest_spec spec = python_guest_spec(python);
    int r;

    if (!guest_is_running(python->guest)) { /* it has ended while the next one waited for its turn */
        start_queue_leave(&python->next.turn);
        return;
    }
    spec.generation = ++python->generation;
    python_forget_failure(python); /* what somebody has just saved is told in full */
    python->next.started_ns = fc_now_ns();
    loop_cancel_timer(python_runtime(python)->loop, &python->again);
    file_watch_begin(python->sources);
    r = guest_new(&python->next.guest, python_runtime(python), &spec, &next_ops, python);
    if (r == 0)
        return;
    start_queue_leave(&python->next.turn);
    file_watch_end(python->sources, false);
    fc_log(FC_LOG_ERROR, python->instance->name, "its changed files cannot be loaded: %s", strerror(-r));
}

void python_next_init(struct python *python)
{
    python->next.turn = (struct start_turn){.fn = next_start, .userdata = python};
}

void python_next_start(struct python *python)
{
    start_queue_enter(python_runtime(python)->starts, &python->next.turn);
}
