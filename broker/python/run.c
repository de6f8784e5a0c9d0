/* SPDX-License-Identifier: BSD-2-Clause */
/* See python.h: the life of a Python instance's worker, from one to the next. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/gate/policy_resolve.h"
#include "broker/keeper/client.h"
#include "broker/os/cgroup.h"
#include "broker/python/file_watch.h"
#include "broker/python/private.h"
#include "broker/python/state_folder.h"
#include "broker/show/show.h"
#include "broker/show/user.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

static struct runtime *python_runtime(const struct python *python)
{
    return python->instance->show->runtime;
}

/* All channels, as the worker is told about them. */
static struct message_channel *python_list_channels(const struct python *python)
{
    const struct fc_instance *instance = python->instance;
    struct message_channel *channels = calloc(instance->n_channels + 1, sizeof(*channels));

    for (uint32_t i = 0; channels && i < instance->n_channels; i++) {
        channels[i].name = instance_channel_name(instance, i);
        channels[i].target = instance->channels[i].directions & FC_TARGET;
        channels[i].input = python->inputs[i];
        channels[i].output = python->outputs[i];
    }
    return channels;
}

void python_send_channels(struct python *python, struct guest *guest, bool values)
{
    struct message_channel *channels = python_list_channels(python);

    if (channels)
        guest_send_channels(guest, &(struct message_channels){.list = channels,
                                                              .n = python->instance->n_channels,
                                                              .values = values});
    else
        guest_end(guest, "there is no memory to tell it its channels");
    free(channels);
}

int python_setup(void *userdata, struct message_setup *setup)
{
    struct python *python = userdata;
    const struct fc_instance *instance = python->instance;
    struct message_channel *channels = python_list_channels(python);

    if (!channels)
        return -ENOMEM;
    free(python->setup_channels);
    python->setup_channels = channels;
    *setup = (struct message_setup){
        .instance = instance->name,
        .modules = (const char *const *)python->modules,
        .n_modules = python->n_modules,
        .default_handler = python->default_handler ? python->default_handler : "",
        .channels = channels,
        .n_channels = instance->n_channels,
    };
    return 0;
}

static void python_ready(void *userdata)
{
    struct python *python = userdata;

    python_journal_done(python, false);
    start_queue_leave(&python->turn);
    start_queue_leave(&python->next_turn);
    file_watch_end(python->sources, true);
    free(python->setup_channels);
    python->setup_channels = NULL;
    if (python->channels_due)
        python_send_channels(python, python->guest, false);
    python->channels_due = false;
    fc_log(FC_LOG_INFO, python->instance->name, "running (pid %d)", guest_pid(python->guest));
    fc_up(python->instance, true);
    python_pump(python);
}

int python_new_channel(void *userdata, const char *name)
{
    struct python *python = userdata;
    int64_t id;

    if (instance_find_channel(python->instance, name) >= 0)
        return -EEXIST;
    id = instance_add_channel(python->instance, name);
    return id < 0 ? (int)id : python_add_values(python, (uint32_t)id);
}

bool python_knows(const struct python *python, const uint32_t *channels, size_t n)
{
    uint32_t highest = 0;

    for (size_t i = 0; i < n; i++)
        highest = channels[i] > highest ? channels[i] : highest;
    return highest < python->instance->n_channels;
}

void python_emit(struct python *python, const uint32_t *channels, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        python->outputs[channels[i]] = route_clamp(values[i]);
        python->driven[channels[i]] = true;
    }
    python_journal_output(python, channels, values, n);
    python_rate_emit(python, channels, values, n);
}

static int python_output(void *userdata, const uint32_t *channels, const double *values, size_t n)
{
    struct python *python = userdata;

    if (!python_knows(python, channels, n))
        return -EINVAL;
    python_emit(python, channels, values, n);
    return 0;
}

void python_exceptions(void *userdata, uint32_t n)
{
    struct python *python = userdata;

    python->counters.exceptions += n;
}

void python_loaded(void *userdata, const char *path)
{
    const struct python *python = userdata;

    file_watch_add(python->sources, path, python->instance->name);
}

bool python_is_congested(void *userdata)
{
    const struct python *python = userdata;

    return python->instance->show->router.n_events > ROUTE_TURN_BUDGET;
}

static void python_ticked(void *userdata, const struct message_ticks *ticked)
{
    python_count_ticked(userdata, ticked->times_ns[0]);
    python_journal_ticked(userdata, ticked);
}

static bool python_is_throttled(void *userdata)
{
    const struct python *python = userdata;

    return python->outflow.is_used_up || python->outflow.sliced.n;
}

static void python_handled(void *userdata)
{
    python_journal_done(userdata, false);
}

static void python_wanted(void *userdata)
{
    struct python *python = userdata;

    python_count_handled(python);
    if (python_is_at_ahead(python))
        python_begin_ahead(python);
    python_pump(python);
}

/* Says what becomes of an instance whose worker has ended. */
static void python_say_ended(const struct python *python, const char *why, uint64_t delay_ns, uint64_t now_ns)
{
    const char *name = python->instance->name;

    if (delay_ns == 0)
        fc_log(FC_LOG_ERROR, name, "worker ended: %s; starting it again", why);
    else if (delay_ns != RESTART_NOT)
        fc_log(FC_LOG_ERROR, name, "worker ended: %s; starting it again in %.1f s", why,
               (double)delay_ns / (double)FC_NS_PER_S);
    else if (restart_is_exhausted(&python->restart, now_ns))
        fc_log(
            FC_LOG_ERROR, name,
            "worker ended: %s; failed: that were %llu restarts within restart-limit, and there are no more "
            "until the configuration is read again",
            why, (unsigned long long)python->restart.limit);
    else
        fc_log(FC_LOG_WARNING, name, "worker ended: %s; not started again (option restart)", why);
}

static void python_again(struct python *python, const char *why, bool is_clean)
{
    uint64_t now_ns = fc_now_ns();
    uint64_t delay_ns =
        restart_delay_ns(&python->restart, python->started_ns, now_ns, is_clean, (uint32_t)now_ns);

    python_say_ended(python, why, delay_ns, now_ns);
    fc_up(python->instance, false);
    python->is_over = delay_ns == RESTART_NOT;
    if (python->is_over) {
        python->counters.dropped += queue_length(&python->queue);
        queue_clear(&python->queue);
    } else {
        loop_set_timer(python_runtime(python)->loop, &python->restart_timer, now_ns + delay_ns);
    }
}

void python_check_quiet(struct python *python)
{
    if (!python->stopping || python->guest || python->leavers)
        return;
    python_rate_finish(python);
    fc_quiesced(python->instance);
}

static void python_ended(void *userdata, const char *why, bool asked, bool is_clean)
{
    struct python *python = userdata;
    struct guest *guest; /* `why` is in it */

    start_queue_leave(&python->turn);
    python_count_ended(python);
    python->n_ahead = 0;
    python_journal_done(python, !asked || python->step.phase == RECORD_BATCH);
    guest = fc_steal(python->guest);
    if (python->stopping)
        fc_log(asked ? FC_LOG_INFO : FC_LOG_WARNING, python->instance->name, "worker ended: %s", why);
    else if (python->next)
        fc_log(FC_LOG_ERROR, python->instance->name,
               "worker ended: %s; the one with its changed files takes over", why);
    else
        python_again(python, why, is_clean);
    guest_free(guest);
    if (!python->stopping && python_take_next(python))
        python_pump(python);
    python_check_quiet(python);
}

const struct guest_ops python_guest_ops = {
    .begins = python_begins,
    .setup = python_setup,
    .ready = python_ready,
    .new_channel = python_new_channel,
    .output = python_output,
    .exceptions = python_exceptions,
    .ticked = python_ticked,
    .loaded = python_loaded,
    .borrow = python_borrow_of_leavers,
    .is_congested = python_is_congested,
    .is_throttled = python_is_throttled,
    .handled = python_handled,
    .wanted = python_wanted,
    .ended = python_ended,
};

/* Whatever it does next would only make it worse; and what is there when it starts again, it may remove. */
static void python_state_exceeded(void *userdata, int error)
{
    struct python *python = userdata;
    char why[PATH_MAX + 256];

    if (error) {
        python->folder_quota = folder_quota_free(python->folder_quota); /* its next worker has a new one */
        snprintf(why, sizeof(why), "its private folder %s cannot be counted: %s", python->state_folder,
                 strerror(-error));
    } else if (guest_is_running(python->guest)) {
        snprintf(
            why, sizeof(why),
            "its private folder %s has over %llu bytes or %llu files (options state, state-files), or is "
            "more than 16 folders deep",
            python->state_folder, (unsigned long long)python->state_bytes,
            (unsigned long long)python->state_files);
    } else {
        return; /* counted again when it changes something */
    }
    if (python->guest)
        guest_end(python->guest, why);
}

static int python_watch_state(struct python *python)
{
    struct runtime *runtime = python_runtime(python);
    struct folder_quota_spec spec = {
        .account = instance_account(python->instance),
        .path = python->state_folder,
        .max = {.bytes = python->state_bytes, .files = python->state_files},
        .exceeded = python_state_exceeded,
        .userdata = python,
    };

    return python->folder_quota ? 0 : folder_quota_new(&python->folder_quota, runtime->folder_quotas, &spec);
}

struct guest_spec python_guest_spec(const struct python *python)
{
    return (struct guest_spec){
        .instance = python->instance->name,
        .account = instance_account(python->instance),
        .generation = python->generation,
        .script_folder = python->folder,
        .state_folder = python->state_folder,
        .network = python->network,
        .policy = &python->policy,
        .reads = python->reads,
        .environment = python->environment,
        .memory_bytes = python->memory_bytes,
        .threads = (uint32_t)python->threads,
        .cpu_percent = (uint32_t)python->cpu_percent,
        .files = (uint32_t)python->files,
        .connections = python->connections,
        .log_rate = (uint32_t)python->log_rate,
        .file_bytes = python->state_bytes,
        .handler_ms = python->handler_ms,
        .start_ms = python->start_ms,
        .stop_ms = python->stop_ms,
    };
}

static int python_spawn(struct python *python)
{
    struct guest_spec spec = python_guest_spec(python);
    int r = python_watch_state(python);

    if (r < 0)
        return r;
    python->started_ns = fc_now_ns();
    python->channels_due = false;
    file_watch_begin(python->sources);
    return guest_new(&python->guest, python_runtime(python), &spec, &python_guest_ops, python);
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

void python_start_over(struct python *python)
{
    python->n_ahead = 0;
    python->guest = guest_free(python->guest);
    start_queue_leave(&python->turn);
    loop_cancel_timer(python_runtime(python)->loop, &python->restart_timer);
    python->is_over = false;
    python_restart_due(python);
}

/* A limit that somebody asked for is kept, or nothing starts. */
static int python_check_cpu(const struct python *python)
{
    const struct cgroups *cgroups = python_runtime(python)->cgroups;

    if (!python->cpu_percent || (cgroups_controllers(cgroups) & CGROUP_CPU))
        return 0;
    fc_log(FC_LOG_ERROR, python->instance->name,
           "cpu = %llu%% needs a delegated cgroup with the controller cpu: %s; start firecurtain with "
           "systemd-run --user --scope -p Delegate=yes, or in a service with Delegate=yes",
           (unsigned long long)python->cpu_percent, cgroups_describe(cgroups));
    return -EOPNOTSUPP;
}

/* Guests borrow it: one that has not changed stays where it is. */
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

int python_prepare(struct python *python)
{
    const struct fc_instance *instance = python->instance;
    const char *show = instance->owner ? instance->owner->show : instance->show->path;
    struct fc_reason reason = {.text = "out of memory"};
    char path[PATH_MAX];
    int r = state_folder_open(instance->show->runtime, instance_account(instance), show,
                              instance_own_name(instance), path, sizeof(path));

    if (r < 0) {
        fc_log(FC_LOG_ERROR, python->instance->name, "state folder %s: %s", path, strerror(-r));
        return r;
    }
    close(r); /* made, and that is all */
    r = python_name_state(python, path);
    if (r < 0)
        return r;
    r = policy_resolve(&python->policy, &reason);
    if (r < 0) {
        fc_log(FC_LOG_ERROR, python->instance->name, "%s", reason.text);
        return r;
    }
    return python_check_cpu(python);
}

int python_start(void *self)
{
    struct python *python = self;
    int r = python_prepare(python);

    if (r < 0)
        return r;
    if (python->network == SPAWN_NETWORK_HOST)
        fc_log(FC_LOG_WARNING, python->instance->name,
               "insecure-network = host: this script may talk to everything that this machine can reach");
    if (python_runtime(python)->no_sandbox)
        fc_log(FC_LOG_ERROR, python->instance->name,
               "nothing confines this script; its folders are %s and %s, not /show and /state",
               python->folder, python->state_folder);
    python_reload_init(python);
    python->stopping = false;
    python->is_over = false;
    python->restart_timer = (struct timer){.fn = python_restart_due, .userdata = python};
    python->turn = (struct start_turn){.fn = python_restart, .userdata = python};
    r = python_spawn(python);
    if (r < 0)
        return r;
    python_stats_start(python);
    return 1; /* python_ready(), or python_ended(), says the rest */
}

void python_stop(void *self)
{
    struct python *python = self;

    python->n_ahead = 0;
    if (python->instance->is_stopped) {
        python->counters.dropped += queue_length(&python->queue);
        queue_clear(&python->queue);
    }
    python->guest = guest_free(python->guest);
    python_reload_deinit(python);
    python->folder_quota = folder_quota_free(python->folder_quota);
    start_queue_leave(&python->turn);
    if (python->instance->show->runtime) {
        loop_cancel_timer(python_runtime(python)->loop, &python->restart_timer);
        loop_cancel_timer(python_runtime(python)->loop, &python->outflow.timer);
        loop_cancel_task(python_runtime(python)->loop, &python->outflow.slicing);
        python_stats_stop(python);
    }
    python->outflow.is_used_up = false;
    python->outflow.sliced.n = python->outflow.sliced_at = 0;
    queue_clear(&python->outflow.held);
    free(python->setup_channels);
    python->setup_channels = NULL;
}

bool python_quiesce(void *self)
{
    struct python *python = self;

    python->stopping = true;
    python_begin_ahead(python);
    start_queue_leave(&python->turn);
    loop_cancel_timer(python_runtime(python)->loop, &python->restart_timer);
    python_reload_stop(python);
    if (python->guest)
        guest_stop(python->guest);
    if (!python->guest && !python->leavers)
        python_rate_finish(python);
    return python->guest || python->leavers;
}
