/* SPDX-License-Identifier: BSD-2-Clause */
/* How the worker of an instance is started, for the first time and again. */
#include "broker/python/start.h"

#include <stdio.h>
#include <string.h>

#include "broker/python/failure.h"
#include "broker/python/file_watch.h"
#include "broker/python/private.h"
#include "broker/python/pump.h"
#include "broker/python/state.h"
#include "broker/python/state_limit.h"
#include "broker/python/worker.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

int python_spawn(struct python *python)
{
    struct guest_spec spec = python_guest_spec(python);
    int r = python_limit_state(python);

    if (r < 0)
        return r;
    python->started_ns = fc_now_ns();
    python->failure.is_new = false;
    if (python->channels == PYTHON_CHANNELS_DUE)
        python->channels = PYTHON_CHANNELS_TOLD;                     /* its setup has them */
    loop_cancel_timer(python_runtime(python)->loop, &python->again); /* it loads what is there now */
    file_watch_begin(python->sources);
    return guest_new(&python->guest, python_runtime(python), &spec, python->guest_ops, python);
}

/* Logs what happens to an instance whose worker has ended. */
static void python_say_ended(const struct python *python, const char *why, uint64_t delay_ns, uint64_t now_ns)
{
    const char *name = python->instance->name;

    if (python_waits_for_files(python) && delay_ns != RESTART_NOT)
        fc_log(FC_LOG_ERROR, name,
               "worker ended: %s; starting it again when a file in %s changes, or in %.1f s", why,
               python->folder, (double)delay_ns / (double)FC_NS_PER_S);
    else if (delay_ns == 0)
        fc_log(FC_LOG_ERROR, name, "worker ended: %s; starting it again", why);
    else if (delay_ns != RESTART_NOT)
        fc_log(FC_LOG_ERROR, name, "worker ended: %s; starting it again in %.1f s", why,
               (double)delay_ns / (double)FC_NS_PER_S);
    else if (python->limit.is_given_up)
        fc_log(
            FC_LOG_ERROR, name,
            "worker ended: %s; failed: its private folder is far too large; not started again until somebody "
            "has removed files there and starts it",
            why);
    else if (restart_is_exhausted(&python->restart, now_ns))
        fc_log(FC_LOG_ERROR, name,
               "worker ended: %s; failed: %llu restarts reached restart-limit; not restarted until the "
               "configuration is reloaded",
               why, (unsigned long long)python->restart.limit);
    else
        fc_log(FC_LOG_WARNING, name, "worker ended: %s; not started again (option restart)", why);
}

void python_again(struct python *python, const char *why, bool is_clean)
{
    uint64_t now_ns = fc_now_ns();
    uint64_t delay_ns = python->limit.is_given_up ? RESTART_NOT
                                                  : restart_delay_ns(&python->restart, python->started_ns,
                                                                     now_ns, is_clean, (uint32_t)now_ns);
    char text[512];

    if (file_watch_is_stale(python->sources))
        python->failure.is_lasting = false; /* a file has changed since it was loaded */
    if (python_waits_for_files(python) && delay_ns != RESTART_NOT)
        delay_ns = python->restart.max_delay_ns;
    python_say_ended(python, python_failure_suffix(python, why, text, sizeof(text)), delay_ns, now_ns);
    python->failure.is_new = false;
    snprintf(python->fate, sizeof(python->fate), "%s", why);
    fc_up(python->instance, false);
    python_set_failed(python, delay_ns == RESTART_NOT);
    if (delay_ns == RESTART_NOT)
        python_drop_events(python);
    else
        loop_set_timer(python_runtime(python)->loop, &python->restart_timer, now_ns + delay_ns);
}

/* Its turn to start again has come. */
static void python_restart(void *userdata)
{
    struct python *python = userdata;
    int r = python_spawn(python);

    if (r == 0) {
        python->counters.restarts++;
        return;
    }
    start_queue_leave(&python->turn);
    python_again(python, strerror(-r), false);
}

static void python_restart_due(void *userdata)
{
    struct python *python = userdata;

    start_queue_enter(python_runtime(python)->starts, &python->turn);
}

void python_start_init(struct python *python)
{
    python->restart_timer =
        (struct timer){.fn = python_restart_due, .what = "a worker's start", .userdata = python};
    python->turn = (struct start_turn){.fn = python_restart, .userdata = python};
}

void python_start_over(struct python *python)
{
    python_take_back(python);
    python->guest = guest_free(python->guest);
    start_queue_leave(&python->turn);
    loop_cancel_timer(python_runtime(python)->loop, &python->restart_timer);
    python_set_failed(python, false);
    python_forget_failure(python); /* whoever asks for this start wants to read everything */
    python_restart_due(python);
}
