/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the script backend, and the instance's birth, death and events. */
#include "broker/python/backend.h"

#include <stdlib.h>
#include <string.h>

#include "broker/base/log.h"
#include "broker/python/next.h"
#include "broker/python/options.h"
#include "broker/python/private.h"
#include "broker/python/reload.h"
#include "broker/python/run.h"
#include "broker/python/state.h"
#include "broker/python/stats.h"
#include "broker/python/values.h"
#include "firecurtain/time.h"

static void *python_instance_new(struct fc_instance *instance, const char *directory)
{
    struct python *python = calloc(1, sizeof(*python));

    if (!python)
        return NULL;
    python->instance = instance;
    python->guest_ops = &python_guest_ops;
    python->folder = strdup(directory);
    python->memory_bytes = PYTHON_MEMORY_BYTES;
    python->threads = PYTHON_THREADS;
    python->files = PYTHON_FILES;
    python->log_rate = PYTHON_LOG_RATE;
    python->state_bytes = PYTHON_STATE_BYTES;
    python->state_files = PYTHON_STATE_FILES;
    python->handler_ms = PYTHON_HANDLER_MS;
    python->start_ms = PYTHON_START_MS;
    python->stop_ms = PYTHON_STOP_MS;
    python->restart.max_delay_ns = PYTHON_RESTART_NS;
    queue_init(&python->queue, PYTHON_QUEUE_EVENTS);
    queue_init(&python->next.outputs, 0); /* the newest of each channel */
    queue_init(&python->outflow.held, 0); /* full from the beginning: only the newest */
    python->outflow.per_second = PYTHON_RATE;
    if (python->folder)
        return python;
    free(python);
    return NULL;
}

static void python_instance_free(void *self)
{
    struct python *python = self;

    if (!python)
        return;
    for (size_t i = 0; i < python->n_modules; i++)
        free(python->modules[i]);
    free(python->modules);
    log_source_end(&python->lines);
    free(python->default_handler);
    free(python->folder);
    free(python->state_folder);
    free(python->inputs);
    free(python->outputs);
    free(python->driven);
    free(python->setup_channels);
    queue_deinit(&python->queue);
    queue_list_deinit(&python->batch);
    queue_deinit(&python->next.outputs);
    queue_deinit(&python->outflow.held);
    show_step_deinit(&python->step);
    free(python->failure.text);
    queue_list_deinit(&python->outflow.sliced);
    policy_deinit(&python->policy);
    free(python->reads.text);
    free(python->environment.text);
    free(python);
}

static int python_channel(void *self, uint32_t id, const char *name, unsigned directions,
                          struct fc_reason *reason)
{
    struct python *python = self;

    (void)directions;
    if (strlen(name) > CODEC_MAX_NAME)
        return fc_refuse(reason, "a channel name has at most %u bytes", CODEC_MAX_NAME);
    if (id >= python->n_values)
        python->channels = PYTHON_CHANNELS_ADDED;
    else if (python->channels != PYTHON_CHANNELS_ADDED)
        python->channels = PYTHON_CHANNELS_CHANGED;
    return python_add_values(python, id);
}

static uint64_t python_lost(const struct python *python)
{
    return python->queue.replaced + python->queue.dropped;
}

/* Logs that the queue is full, at most once a second. */
static void python_warn_full(struct python *python)
{
    if (!fc_once_a_second(&python->queue_warned_ns))
        return;
    fc_log(FC_LOG_WARNING, python->instance->name, "cannot keep up: %llu %s",
           (unsigned long long)(python_lost(python) - python->queue_warned),
           python->queue.overflow == QUEUE_LATEST ? "values gave way to newer ones of the same channel"
                                                  : "events were dropped (options queue, overflow)");
    python->queue_warned = python_lost(python);
}

static void python_set_many(void *self, const uint32_t *channels, const double *values, size_t n)
{
    struct python *python = self;
    size_t n_before = queue_length(&python->queue);

    if (python_is_failed(python) ||
        instance_is_stopped(python->instance)) { /* nothing will take them out of a queue */
        for (size_t i = 0; i < n; i++)
            python->inputs[channels[i]] = values[i];
        python->counters.dropped += n;
        return;
    }
    if (queue_push_many(&python->queue, channels, values, n) < 0) {
        python->counters.dropped++;
        fc_log(FC_LOG_ERROR, python->instance->name, "out of memory: events were lost");
    }
    python_answers_push(&python->answers, n_before, queue_length(&python->queue), n,
                        fc_answers(python->instance));
    python_count_waiting(python);
    if (python_lost(python) != python->queue_warned)
        python_warn_full(python);
}

static void python_set(void *self, uint32_t channel, double value)
{
    python_set_many(self, &channel, &value, 1);
}

static void python_flush(void *self)
{
    python_go_on(self);
}

int python_collect_shown(const struct fc_instance *instance, struct path_set *shown)
{
    const struct python *python = instance->self;
    const char *path = python->reads.text;
    int r = path_set_add(shown, python->folder);

    for (uint32_t i = 0; r == 0 && i < python->reads.n; i++, path += strlen(path) + 1)
        r = path_set_add(shown, path);
    return r;
}

const struct fc_backend backend_python = {
    .name = "python",
    .is_for_users = true,
    .options = python_options,
    .instance_new = python_instance_new,
    .instance_free = python_instance_free,
    .configure = python_configure,
    .channel = python_channel,
    .start = python_start,
    .stop = python_stop,
    .set = python_set,
    .set_many = python_set_many,
    .flush = python_flush,
    .quiesce = python_quiesce,
    .refresh = python_refresh,
    .inherit = python_inherit,
};
