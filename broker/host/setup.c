/* SPDX-License-Identifier: BSD-2-Clause */
/* The instance of a driver: its options, its channels, and what it may open. In drivers. */
#include "broker/host/setup.h"

#include <errno.h>
#include <grp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/host/names.h"
#include "broker/host/private.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/driver.h"
#include "firecurtain/log.h"

#define SETUP_MAX_PATHS  64
#define SETUP_MAX_GROUPS 8

/* What is collected of a backend's needs. */
struct fc_needs {
    const char *folder;
    struct confine_paths paths;
    gid_t groups[SETUP_MAX_GROUPS];
    size_t n_groups;
    int r; /* the first error */
};

static void needs_add(struct fc_needs *needs, const char *path, bool is_device)
{
    char *whole = NULL;
    void *list = grow_by_one(needs->paths.list, needs->paths.n, sizeof(*needs->paths.list));

    if (list)
        needs->paths.list = list;
    if (needs->paths.n == SETUP_MAX_PATHS)
        needs->r = -E2BIG;
    else if (!list || asprintf(&whole, "%s%s%s", path[0] == '/' ? "" : needs->folder,
                               path[0] == '/' ? "" : "/", path) < 0)
        needs->r = -ENOMEM;
    if (needs->r < 0)
        return;
    needs->paths.list[needs->paths.n].path = whole;
    needs->paths.list[needs->paths.n++].is_device = is_device;
}

void fc_need_file(struct fc_needs *needs, const char *path)
{
    needs_add(needs, path, false);
}

void fc_need_device(struct fc_needs *needs, const char *path)
{
    needs_add(needs, path, true);
}

void fc_need_group(struct fc_needs *needs, const char *group)
{
    const struct group *found = getgrnam(group);

    if (found && needs->n_groups < SETUP_MAX_GROUPS)
        needs->groups[needs->n_groups++] = found->gr_gid;
}

void fc_need_host(struct fc_needs *needs, const char *host, const char *port)
{
    (void)host, (void)port; /* the broker knows which: it tells the gate, and the driver their addresses */
    needs->paths.connects = true;
}

static void needs_deinit(struct fc_needs *needs)
{
    for (size_t i = 0; i < needs->paths.n; i++)
        free((char *)needs->paths.list[i].path);
    free(needs->paths.list);
}

static bool needs_lack(const struct fc_needs *needs)
{
    for (size_t i = 0; i < needs->paths.n; i++) {
        if (access(needs->paths.list[i].path, F_OK) < 0)
            return true;
    }
    return false;
}

int setup_confine(struct fc_instance *instance, struct confine_found *found)
{
    const struct fc_driver *driver = instance->backend->driver;
    FC_CLEANUP(needs_deinit) struct fc_needs needs = {.folder = instance->folder};
    struct confine_spec spec = *instance->spec;

    if (driver->needs)
        driver->needs(instance->self, &needs);
    spec.groups = needs.groups;
    spec.n_groups = needs.n_groups;
    instance->lacks_paths = needs_lack(&needs);
    return needs.r < 0 ? needs.r : confine_driver(&spec, &needs.paths, found);
}

/* Applies the options, which the broker has found to be right. */
static int setup_options(struct fc_instance *instance, const struct message_setup *setup)
{
    const struct fc_backend *backend = instance->backend;
    struct fc_reason reason = {.text = ""};
    int r = 0;

    for (size_t i = 0; r >= 0 && i < setup->n_options; i++)
        r = backend->configure(instance->self, setup->options[i].scope, setup->options[i].name,
                               setup->options[i].value, &reason);
    if (r >= 0 && backend->configured)
        r = backend->configured(instance->self, &reason);
    if (r < 0)
        fc_log(FC_LOG_ERROR, NULL, "the driver refuses the instance: %s", reason.text);
    return r < 0 ? r : 0;
}

int setup_instance(struct fc_instance *instance, const struct message_setup *setup)
{
    if (strcmp(setup->backend, instance->backend->name) != 0) {
        fc_log(FC_LOG_ERROR, NULL, "this is the driver of %s, not of %s", instance->backend->name,
               setup->backend);
        return -ENOENT;
    }
    instance->name = strdup(setup->instance);
    instance->folder = strdup(setup->folder);
    instance->is_probe = setup->is_probe;
    snprintf(instance->why.text, sizeof(instance->why.text), "%s", setup->failed);
    if (names_set(setup->hosts) < 0)
        return -ENOMEM;
    if (instance->name && instance->folder)
        instance->self = instance->backend->instance_new(instance, instance->folder);
    return instance->self ? setup_options(instance, setup) : -ENOMEM;
}

static int setup_channel(struct fc_instance *instance, uint32_t id, const struct message_channel *channel)
{
    unsigned directions = (channel->source ? FC_SOURCE : 0u) | (channel->target ? FC_TARGET : 0u);
    struct fc_reason reason;
    int r;

    if (id == instance->n_channels) {
        struct host_channel *channels = grow_by_one(instance->channels, id, sizeof(*channels));

        if (!channels)
            return -ENOMEM;
        instance->channels = channels;
        instance->channels[id] = (struct host_channel){.value = NAN};
        instance->n_channels++;
    } else if (instance->channels[id].directions == directions) {
        return 0;
    }
    r = instance->backend->channel(instance->self, id, channel->name, directions, &reason);
    if (r < 0)
        return r;
    instance->channels[id].directions = directions;
    return 0;
}

int setup_channels(struct fc_instance *instance, const struct message_channels *channels)
{
    for (size_t i = 0; i < channels->n; i++) {
        uint32_t id = channels->first + (uint32_t)i;
        int r = id <= instance->n_channels ? setup_channel(instance, id, &channels->list[i]) : -EPROTO;

        if (r < 0)
            return r;
        if (channels->values)
            instance->channels[id].value = channels->list[i].input;
    }
    return 0;
}

void setup_free(struct fc_instance *instance)
{
    instance->backend->instance_free(instance->self);
    free(instance->channels);
    free(instance->name);
    free(instance->folder);
}
