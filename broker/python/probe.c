/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker that sets up all layers and runs no script. */
#include "broker/python/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broker/base/descriptors.h"
#include "broker/os/lookup.h"
#include "broker/python/private.h"
#include "broker/python/run.h"
#include "broker/python/worker.h"
#include "firecurtain/cleanup.h"

struct probe {
    struct python *python;
    bool compile;
    struct loop *loop;
    struct python_probe *found;
};

static int probe_setup(void *userdata, struct message_setup *setup, struct message_channels *channels)
{
    const struct probe *probe = userdata;

    *setup = (struct message_setup){.instance = probe->python->instance->name, .default_handler = ""};
    if (probe->compile) {
        setup->modules = (const char *const *)probe->python->modules;
        setup->n_modules = probe->python->n_modules;
    }
    return 0;
}

static void probe_ready(void *userdata)
{
    struct probe *probe = userdata;

    probe->found->held = true;
    guest_stop(probe->python->guest);
}

static int probe_new_channel(void *userdata, const char *name)
{
    (void)userdata;
    (void)name;
    return -EINVAL;
}

static int probe_output(void *userdata, const uint32_t *channels, const double *values, size_t n)
{
    (void)userdata;
    (void)channels;
    (void)values;
    return -EINVAL;
}

static void probe_exceptions(void *userdata, uint32_t n)
{
    (void)userdata;
    (void)n;
}

static bool probe_is_congested(void *userdata)
{
    (void)userdata;
    return false;
}

static void probe_wanted(void *userdata)
{
    (void)userdata;
}

static void probe_ended(void *userdata, const char *why, bool asked, bool is_clean)
{
    struct probe *probe = userdata;

    (void)asked, (void)is_clean;
    snprintf(probe->found->why, sizeof(probe->found->why), "%s", why);
    loop_stop(probe->loop);
}

static const struct guest_ops probe_ops = {
    .begins = guest_begins_unseen,
    .setup = probe_setup,
    .ready = probe_ready,
    .new_channel = probe_new_channel,
    .output = probe_output,
    .exceptions = probe_exceptions,
    .is_congested = probe_is_congested,
    .is_throttled = python_is_never_throttled,
    .handled = probe_wanted,
    .wanted = probe_wanted,
    .ended = probe_ended,
};

static void probe_answered(void *userdata)
{
    loop_stop(userdata);
}

/* Waits for names to be looked up: a command has nothing else to do. */
static int probe_prepare(struct python *python, struct runtime *runtime, struct fc_reason *reason)
{
    struct fc_lookups *lookups =
        lookups_new(runtime->lookups, instance_account(python->instance), probe_answered, runtime->loop);
    int r = 0, prepared;

    while ((prepared = python_prepare(python, lookups, reason)) == -EINPROGRESS && r == 0)
        r = loop_run(runtime->loop);
    lookups_free(lookups);
    return r < 0 ? r : prepared;
}

int python_probe_as(struct python *python, struct runtime *runtime, const struct guest_spec *as,
                    struct python_probe *found)
{
    struct probe probe = {.python = python, .compile = as->compile, .loop = runtime->loop, .found = found};
    FC_AUTO_CLOSE int read_end = -1;
    FC_AUTO_CLOSE int write_end = -1;
    struct guest_spec spec = *as;
    int pair[2];
    int r;

    if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    read_end = pair[0];
    write_end = pair[1];
    spec.probe = true;
    spec.probe_fd = write_end;
    r = guest_new(&python->guest, runtime, &spec, &probe_ops, &probe);
    if (r == 0)
        r = loop_run(runtime->loop);
    python->guest = guest_free(python->guest);
    descriptor_read_rest(read_end, found->lines, sizeof(found->lines));
    return r;
}

int python_probe(const struct fc_instance *instance, struct runtime *runtime, struct python_probe *found)
{
    struct python *python = instance->self;
    struct fc_reason reason = {.text = ""};
    struct guest_spec spec;
    int r = probe_prepare(python, runtime, &reason);

    *found = (struct python_probe){0};
    if (r < 0) {
        snprintf(found->why, sizeof(found->why), "%s", reason.text[0] ? reason.text : strerror(-r));
        return r;
    }
    spec = python_guest_spec(python);
    return python_probe_as(python, runtime, &spec, found);
}
