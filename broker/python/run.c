/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of an instance: its start, what its running worker tells it, its end. */
#include "broker/python/run.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/gate/policy_resolve.h"
#include "broker/os/cgroup.h"
#include "broker/python/failure.h"
#include "broker/python/file_watch.h"
#include "broker/python/journal.h"
#include "broker/python/leavers.h"
#include "broker/python/next.h"
#include "broker/python/outflow.h"
#include "broker/python/private.h"
#include "broker/python/pump.h"
#include "broker/python/reload.h"
#include "broker/python/start.h"
#include "broker/python/state.h"
#include "broker/python/state_folder.h"
#include "broker/python/state_limit.h"
#include "broker/python/stats.h"
#include "broker/python/worker.h"
#include "broker/show/user.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

static void python_ready(void *userdata)
{
    struct python *python = userdata;

    python_journal_done(python, false);
    start_queue_leave(&python->turn);
    start_queue_leave(&python->next.turn);
    file_watch_end(python->sources, true);
    python_forget_failure(python);
    free(python->setup_channels);
    python->setup_channels = NULL;
    python->limit.was_full = false;
    if (python->channels == PYTHON_CHANNELS_DUE) {
        python->channels = PYTHON_CHANNELS_TOLD;
        python_send_channels(python, python->guest, false);
    }
    fc_log(FC_LOG_INFO, python->instance->name, "running (pid %d)", guest_pid(python->guest));
    python->instance->sandbox = INSTANCE_CONFINED;
    fc_up(python->instance, true);
    python_go_on(python);
}

static int python_output(void *userdata, const uint32_t *channels, const double *values, size_t n)
{
    struct python *python = userdata;

    if (!python_knows(python, channels, n))
        return -EINVAL;
    python_emit(python, channels, values, n);
    return 0;
}

static void python_ticked(void *userdata, const struct message_ticks *ticked)
{
    python_count_ticked(userdata, ticked->times_ns[0]);
    python_journal_ticked(userdata, ticked);
}

static bool python_is_throttled(void *userdata)
{
    const struct python *python = userdata;

    return python_outflow_is_full(python);
}

static void python_handled(void *userdata)
{
    python_journal_done(userdata, false);
}

static void python_wanted(void *userdata)
{
    struct python *python = userdata;

    python_count_handled(python);
    python_finish_batch(python);
    if (python_is_at_ahead(python))
        python_begin_ahead(python);
    python_go_on(python);
}

static void python_ended(void *userdata, const char *why, bool asked, bool is_clean)
{
    struct python *python = userdata;
    struct guest *guest; /* `why` is in it */

    start_queue_leave(&python->turn);
    python_count_ended(python);
    python_take_back(python);
    python_journal_done(python, !asked || python->step.phase == RECORD_BATCH);
    guest = fc_steal(python->guest);
    if (guest_was_refused(guest) || guest_was_confined(guest))
        python->instance->sandbox = guest_was_refused(guest) ? INSTANCE_REFUSED : INSTANCE_CONFINED;
    if (python_is_stopping(python))
        fc_log(asked ? FC_LOG_INFO : FC_LOG_WARNING, python->instance->name, "worker ended: %s", why);
    else if (python->next.guest)
        fc_log(FC_LOG_ERROR, python->instance->name,
               "worker ended: %s; its replacement with the changed files takes over", why);
    else
        python_again(python, why, is_clean);
    guest_free(guest);
    if (!python_is_stopping(python) && python_next_take_over(python))
        python_go_on(python);
    python_check_quiet(python);
}

const struct guest_ops python_guest_ops = {
    .begins = python_begins,
    .setup = python_setup,
    .ready = python_ready,
    .new_channel = python_new_channel,
    .failed = python_failed,
    .output = python_output,
    .exceptions = python_exceptions,
    .ticked = python_ticked,
    .loaded = python_loaded,
    .is_congested = python_is_congested,
    .is_throttled = python_is_throttled,
    .handled = python_handled,
    .wanted = python_wanted,
    .ended = python_ended,
};

/* Refuses to start a script whose option cpu could not be enforced. */
static int python_check_cpu(const struct python *python, struct fc_reason *reason)
{
    const struct cgroups *cgroups = python_runtime(python)->cgroups;

    if (!python->cpu_percent || (cgroups_controllers(cgroups) & CGROUP_CPU))
        return 0;
    fc_refuse(reason,
              "cpu = %llu%% needs a delegated cgroup with the controller cpu: %s; start firecurtain with "
              "systemd-run --user --scope -p Delegate=yes, or in a service with Delegate=yes",
              (unsigned long long)python->cpu_percent, cgroups_describe(cgroups));
    return -EOPNOTSUPP;
}

/* Keeps the path, but leaves an equal one where it is: workers borrow it. */
static int python_name_state(struct python *python, const char *path)
{
    char *copy;

    if (python->state_folder && strcmp(python->state_folder, path) == 0)
        return 0;
    copy = strdup(path);
    if (!copy)
        return -ENOMEM;
    free(python->state_folder);
    python->state_folder = copy;
    return 0;
}

int python_limit_log(struct python *python)
{
    if (python->lines.hh.tbl)
        return 0;
    log_source_init(&python->lines, python->instance->name, (uint32_t)python->log_rate);
    return log_source_register(&python->lines) ? 0 : -ENOMEM;
}

int python_prepare(struct python *python, struct fc_lookups *lookups, struct fc_reason *reason)
{
    const struct fc_instance *instance = python->instance;
    const char *show = instance->owner ? instance->owner->show : instance->show->path;
    char path[PATH_MAX];
    struct stat st;
    int r = python_limit_log(python);

    if (r < 0)
        return r;
    r = state_folder_open(instance->show->runtime, instance_account(instance), show,
                          instance_own_name(instance), path, sizeof(path));
    if (r < 0) {
        fc_refuse(reason, "its private folder %.300s cannot be used: %s", path, strerror(-r));
        return r;
    }
    python->state_device = fstat(r, &st) < 0 ? 0 : st.st_dev;
    close(r); /* it was only to be made */
    r = python_name_state(python, path);
    if (r < 0)
        return r;
    r = policy_resolve(&python->policy, lookups, reason);
    return r < 0 ? r : python_check_cpu(python, reason);
}

int python_start(void *self)
{
    struct python *python = self;
    struct fc_reason reason = {.text = ""};
    int r = python_prepare(python, fc_instance_lookups(python->instance), &reason);

    if (r < 0) {
        fc_because(python->instance, &reason);
        return r;
    }
    if (python->network == SPAWN_NETWORK_HOST)
        fc_log(FC_LOG_WARNING, python->instance->name,
               "insecure-network = host: this script may talk to everything that this machine can reach");
    if (python_runtime(python)->no_sandbox)
        fc_log(FC_LOG_ERROR, python->instance->name,
               "nothing confines this script; its folders are %s and %s, not /show and /state",
               python->folder, python->state_folder);
    python_reload_init(python);
    python_start_init(python);
    python_set_state(python, PYTHON_ACTIVE);
    r = python_spawn(python);
    if (r < 0)
        return r;
    python_stats_start(python);
    return 1; /* python_ready() or python_ended() tells whether it is up */
}

void python_stop(void *self)
{
    struct python *python = self;

    python_take_back(python);
    if (instance_is_stopped(python->instance))
        python_drop_events(python);
    python->guest = guest_free(python->guest);
    python_reload_deinit(python);
    python_unlimit_state(python);
    start_queue_leave(&python->turn);
    if (python->instance->show->runtime) {
        loop_cancel_timer(python_runtime(python)->loop, &python->restart_timer);
        python_stats_stop(python);
    }
    python_outflow_stop(python);
    free(python->setup_channels);
    python->setup_channels = NULL;
    python_set_state(python, PYTHON_RESTING);
}

bool python_quiesce(void *self)
{
    struct python *python = self;

    python_set_state(python, python_is_failed(python) ? PYTHON_STOPPING_FAILED : PYTHON_STOPPING);
    start_queue_leave(&python->turn);
    loop_cancel_timer(python_runtime(python)->loop, &python->restart_timer);
    python_reload_stop(python);
    if (python->guest)
        guest_stop(python->guest);
    if (!python->guest && !python->leavers)
        python_outflow_finish(python);
    return python->guest || python->leavers;
}
