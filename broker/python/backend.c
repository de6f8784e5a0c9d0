/* SPDX-License-Identifier: BSD-2-Clause */
/* See python.h: channels and events of a Python instance. */
#include "broker/python/backend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/python/private.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

static void *python_instance_new(struct fc_instance *instance, const char *directory)
{
    struct python *python = calloc(1, sizeof(*python));

    if (!python)
        return NULL;
    python->instance = instance;
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
    queue_init(&python->next_outputs, 0); /* the newest of each channel */
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
    free(python->default_handler);
    free(python->folder);
    free(python->state_folder);
    free(python->inputs);
    free(python->outputs);
    free(python->driven);
    free(python->setup_channels);
    queue_deinit(&python->queue);
    queue_deinit(&python->next_outputs);
    queue_deinit(&python->outflow.held);
    show_step_deinit(&python->step);
    queue_list_deinit(&python->outflow.sliced);
    policy_deinit(&python->policy);
    free(python->reads.text);
    free(python->environment.text);
    free(python);
}

int python_add_values(struct python *python, uint32_t id)
{
    uint32_t capacity = python->values_capacity ? python->values_capacity * 2 : 64;
    double *inputs, *outputs;
    bool *driven;

    if (id < python->n_values)
        return 0;
    while (capacity <= id)
        capacity *= 2;
    if (id >= python->values_capacity) {
        inputs = realloc(python->inputs, capacity * sizeof(*inputs));
        if (inputs)
            python->inputs = inputs;
        outputs = realloc(python->outputs, capacity * sizeof(*outputs));
        if (outputs)
            python->outputs = outputs;
        driven = realloc(python->driven, capacity * sizeof(*driven));
        if (driven)
            python->driven = driven;
        if (!inputs || !outputs || !driven)
            return -ENOMEM;
        python->values_capacity = capacity;
    }
    for (; python->n_values <= id; python->n_values++) {
        python->inputs[python->n_values] = python->outputs[python->n_values] = 0.0;
        python->driven[python->n_values] = false;
    }
    return 0;
}

static int python_channel(void *self, uint32_t id, const char *name, unsigned directions,
                          struct fc_reason *reason)
{
    struct python *python = self;

    (void)directions;
    if (strlen(name) > CODEC_MAX_NAME)
        return fc_refuse(reason, "a channel name has at most %u bytes", CODEC_MAX_NAME);
    python->channels_changed = true;
    python->channels_added = python->channels_added || id >= python->n_values;
    return python_add_values(python, id);
}

static uint64_t python_lost(const struct python *python)
{
    return python->queue.replaced + python->queue.dropped;
}

/* A full queue says so once a second at most. */
static void python_warn_full(struct python *python)
{
    uint64_t now_ns = fc_now_ns();

    if (python->queue_warned_ns && now_ns - python->queue_warned_ns < FC_NS_PER_S)
        return;
    fc_log(FC_LOG_WARNING, python->instance->name, "cannot keep up: %llu %s",
           (unsigned long long)(python_lost(python) - python->queue_warned),
           python->queue.overflow == QUEUE_LATEST ? "values gave way to newer ones of the same channel"
                                                  : "events were dropped (options queue, overflow)");
    python->queue_warned = python_lost(python);
    python->queue_warned_ns = now_ns;
}

static void python_set_many(void *self, const uint32_t *channels, const double *values, size_t n)
{
    struct python *python = self;

    if (python->is_over || python->instance->is_stopped) { /* nobody will take it out of a queue */
        for (size_t i = 0; i < n; i++)
            python->inputs[channels[i]] = values[i];
        python->counters.dropped += n;
        return;
    }
    if (queue_push_many(&python->queue, channels, values, n) < 0) {
        python->counters.dropped++;
        fc_log(FC_LOG_ERROR, python->instance->name, "out of memory: events were lost");
    }
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
    python_pump(self);
}

/* The script is at these events now, the first of the queue. */
static void python_begin(struct python *python, size_t n)
{
    const uint32_t *channels;
    const double *values;

    python_count_sent(python, n);
    if (!n)
        return;
    queue_peek(&python->queue, &channels, &values);
    for (size_t i = 0; i < n; i++)
        python->inputs[channels[i]] = values[i];
    queue_consume(&python->queue, n);
}

void python_begin_ahead(struct python *python)
{
    size_t n = python->n_ahead;

    python->n_ahead = 0;
    if (n)
        python_begin(python, n);
}

/* Not while another worker waits for this one's end; and who drops the oldest wants to keep the choice. */
static bool python_may_send_ahead(const struct python *python)
{
    return !python->next_ready && python->queue.overflow != QUEUE_DROP_OLDEST &&
           guest_takes_ahead(python->guest) && !python_is_recorded(python);
}

static void python_send_events(struct python *python)
{
    const uint32_t *channels;
    const double *values;
    size_t n;

    if (guest_is_idle(python->guest) && python_leaves_it_to_replay(python))
        return;
    if (guest_is_idle(python->guest)) {
        n = queue_peek(&python->queue, &channels, &values);
        python_begin(python, guest_send(python->guest, channels, values, n));
    } else if (python_may_send_ahead(python)) {
        n = queue_peek(&python->queue, &channels, &values);
        python->n_ahead = guest_send(python->guest, channels, values, n);
    }
}

void python_pump(struct python *python)
{
    if (python->stopping)
        return;
    python_swap(python);
    python_send_events(python);
    guest_tell_ticks(python->guest);
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
