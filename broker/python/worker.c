/* SPDX-License-Identifier: BSD-2-Clause */
/* What workers have in common, whether they run, take over or leave. */
#include "broker/python/worker.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/guest/batch.h"
#include "broker/python/file_watch.h"
#include "broker/python/journal.h"
#include "broker/python/outflow.h"
#include "broker/python/private.h"
#include "broker/python/stats.h"
#include "broker/python/values.h"

/* Lists all channels as the worker is told about them. */
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
        guest_end(guest, "out of memory for its channels");
    free(channels);
}

int python_setup(void *userdata, struct message_setup *setup, struct message_channels *channels)
{
    struct python *python = userdata;
    const struct fc_instance *instance = python->instance;
    struct message_channel *list = python_list_channels(python);

    if (!list)
        return -ENOMEM;
    free(python->setup_channels);
    python->setup_channels = list;
    *setup = (struct message_setup){
        .instance = instance->name,
        .modules = (const char *const *)python->modules,
        .n_modules = python->n_modules,
        .default_handler = python->default_handler ? python->default_handler : "",
        .start_ms = python->start_ms,
        .handler_ms = python->handler_ms,
        .stop_ms = python->stop_ms,
    };
    channels->list = list;
    channels->n = instance->n_channels;
    return 0;
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
    struct router *router = &python->instance->show->router;
    uint32_t before = router->answers;

    for (size_t i = 0; i < n; i++) {
        python->outputs[channels[i]] = route_clamp(values[i]);
        python->driven[channels[i]] = true;
    }
    python_journal_output(python, channels, values, n);
    router->answers = python->answers.now;
    python_outflow_emit(python, channels, values, n);
    router->answers = before;
}

void python_exceptions(void *userdata, uint32_t n)
{
    struct python *python = userdata;

    python_count_exceptions(python, n);
}

void python_loaded(void *userdata, const char *path)
{
    const struct python *python = userdata;

    file_watch_add(python->sources, path, python->instance->name);
}

bool python_is_never_throttled(void *userdata)
{
    (void)userdata;
    return false;
}

struct guest_spec python_guest_spec(struct python *python)
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
        .lines = &python->lines,
        .file_bytes = python->state_bytes,
        .state_device = python->state_device,
        .handler_ms = python->handler_ms,
        .start_ms = python->start_ms,
        .stop_ms = python->stop_ms,
    };
}

void python_check_quiet(struct python *python)
{
    if (!python_is_stopping(python) || python->guest || python->leavers)
        return;
    python_outflow_finish(python);
    fc_quiesced(python->instance);
}
