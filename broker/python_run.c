/* See python.h: the life of a Python instance's worker, from one to the next. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/cgroup.h"
#include "broker/python_private.h"
#include "broker/show.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

static struct runtime *python_runtime(const struct python *python)
{
    return python->instance->show->runtime;
}

static int python_setup(void *userdata, struct message_setup *setup)
{
    struct python *python = userdata;
    const struct fc_instance *instance = python->instance;
    struct message_channel *channels = calloc(instance->n_channels + 1, sizeof(*channels));

    if (!channels)
        return -ENOMEM;
    for (uint32_t i = 0; i < instance->n_channels; i++) {
        channels[i].name = instance_channel_name(instance, i);
        channels[i].target = instance->channels[i].directions & FC_TARGET;
        channels[i].input = python->inputs[i];
        channels[i].output = python->outputs[i];
    }
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

    start_queue_leave(&python->turn);
    free(python->setup_channels);
    python->setup_channels = NULL;
    fc_log(FC_LOG_INFO, python->instance->name, "running (pid %d)", guest_pid(python->guest));
    fc_up(python->instance, true);
    python_pump(python);
}

static int python_new_channel(void *userdata, const char *name)
{
    struct python *python = userdata;
    int64_t id;

    if (instance_find_channel(python->instance, name) >= 0)
        return -EEXIST;
    id = instance_add_channel(python->instance, name);
    return id < 0 ? (int)id : python_add_values(python, (uint32_t)id);
}

static int python_output(void *userdata, uint32_t channel, double value)
{
    struct python *python = userdata;

    if (channel >= python->instance->n_channels)
        return -EINVAL;
    value = value < 0.0 ? 0.0 : value > 1.0 ? 1.0 : value;
    python->outputs[channel] = value;
    fc_emit(python->instance, channel, value);
    return 0;
}

static void python_exceptions(void *userdata, uint32_t n)
{
    struct python *python = userdata;

    python->exceptions += n;
}

static bool python_is_congested(void *userdata)
{
    const struct python *python = userdata;

    return python->instance->show->router.n_events > ROUTE_TURN_BUDGET;
}

static void python_wanted(void *userdata)
{
    python_pump(userdata);
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
    if (python->is_over)
        queue_clear(&python->queue);
    else
        loop_set_timer(python_runtime(python)->loop, &python->restart_timer, now_ns + delay_ns);
}

static void python_ended(void *userdata, const char *why, bool asked, bool is_clean)
{
    struct python *python = userdata;

    start_queue_leave(&python->turn);
    if (python->stopping)
        fc_log(asked ? FC_LOG_INFO : FC_LOG_WARNING, python->instance->name, "worker ended: %s", why);
    else
        python_again(python, why, is_clean);
    python->guest = guest_free(python->guest);
    if (python->stopping)
        fc_quiesced(python->instance);
}

const struct guest_ops python_guest_ops = {
    .setup = python_setup,
    .ready = python_ready,
    .new_channel = python_new_channel,
    .output = python_output,
    .exceptions = python_exceptions,
    .is_congested = python_is_congested,
    .wanted = python_wanted,
    .ended = python_ended,
};

/* Whatever it does next would only make it worse; and what is there when it starts again, it may remove. */
static void python_state_exceeded(void *userdata, uint64_t bytes, uint64_t files)
{
    struct python *python = userdata;
    char why[PATH_MAX + 256];

    if (!guest_is_running(python->guest))
        return; /* counted again when it changes something */
    snprintf(why, sizeof(why),
             "its private folder %s has over %llu bytes or %llu files (options state, state-files), or is "
             "more than 16 folders deep",
             python->state_folder, (unsigned long long)python->state_bytes,
             (unsigned long long)python->state_files);
    (void)bytes;
    (void)files;
    guest_end(python->guest, why);
}

static int python_watch_state(struct python *python)
{
    struct state_limit_spec spec = {
        .folder_fd = python->state_fd,
        .max_bytes = python->state_bytes,
        .max_files = python->state_files,
        .exceeded = python_state_exceeded,
        .userdata = python,
    };

    return python->state_limit ? 0
                               : state_limit_new(&python->state_limit, python_runtime(python)->states, &spec);
}

struct guest_spec python_guest_spec(const struct python *python)
{
    return (struct guest_spec){
        .instance = python->instance->name,
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

    python->started_ns = fc_now_ns();
    return guest_new(&python->guest, python_runtime(python), &spec, &python_guest_ops, python);
}

/* Its turn to start again has come. */
static void python_restart(void *userdata)
{
    struct python *python = userdata;
    int r = python_spawn(python);

    if (r == 0)
        return;
    start_queue_leave(&python->turn);
    python_again(python, strerror(-r), false);
}

static void python_restart_due(void *userdata)
{
    struct python *python = userdata;

    start_queue_enter(python_runtime(python)->starts, &python->turn);
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

int python_prepare(struct python *python)
{
    const struct show *show = python->instance->show;
    struct fc_reason reason = {.text = "out of memory"};
    int r = runtime_state_folder(show->runtime, show->path, python->instance->name, python->state_folder,
                                 sizeof(python->state_folder));

    if (r < 0) {
        fc_log(FC_LOG_ERROR, python->instance->name, "state folder %s: %s", python->state_folder,
               strerror(-r));
        return r;
    }
    fc_closep(&python->state_fd);
    python->state_fd = r;
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
    r = python_watch_state(python);
    if (r < 0)
        return r;
    python->stopping = false;
    python->is_over = false;
    python->restart_timer = (struct timer){.fn = python_restart_due, .userdata = python};
    python->turn = (struct start_turn){.fn = python_restart, .userdata = python};
    r = python_spawn(python);
    return r < 0 ? r : 1; /* python_ready(), or python_ended(), says the rest */
}

void python_stop(void *self)
{
    struct python *python = self;

    python->guest = guest_free(python->guest);
    python->state_limit = state_limit_free(python->state_limit);
    fc_closep(&python->state_fd);
    python->state_fd = -1;
    start_queue_leave(&python->turn);
    if (python->instance->show->runtime)
        loop_cancel_timer(python_runtime(python)->loop, &python->restart_timer);
    free(python->setup_channels);
    python->setup_channels = NULL;
}

bool python_quiesce(void *self)
{
    struct python *python = self;

    python->stopping = true;
    start_queue_leave(&python->turn);
    loop_cancel_timer(python_runtime(python)->loop, &python->restart_timer);
    if (!python->guest)
        return false;
    guest_stop(python->guest);
    return true;
}
