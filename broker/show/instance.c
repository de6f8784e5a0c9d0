/* SPDX-License-Identifier: BSD-2-Clause */
/* Making instances, their states, and their channels' names. */
#include "broker/show/instance.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/os/lookup.h"
#include "broker/show/user.h"

int instance_new(struct fc_instance **instancep, struct show *show, const char *name,
                 const struct fc_backend *backend, const char *directory)
{
    struct fc_instance *instance = calloc(1, sizeof(*instance));

    if (!instance)
        return -ENOMEM;
    instance->show = show;
    instance->max_channels = INSTANCE_MAX_CHANNELS;
    instance->backend = backend;
    instance->name = strdup(name);
    if (instance->name)
        instance->self = backend->instance_new(instance, directory);
    if (!instance->self) {
        instance_free(instance);
        return -ENOMEM;
    }
    *instancep = instance;
    return 0;
}

struct fc_instance *instance_free(struct fc_instance *instance)
{
    struct channel_name *name, *next;

    if (!instance)
        return NULL;
    lookups_free(instance->lookups);
    if (instance->self) {
        instance->backend->stop(instance->self);
        instance->backend->instance_free(instance->self);
    }
    HASH_ITER(hh, instance->names, name, next) {
        HASH_DEL(instance->names, name);
        free(name);
    }
    free(instance->channels);
    free(instance->values);
    free(instance->signature);
    free(instance->because);
    free(instance->failed);
    free(instance->name);
    free(instance);
    return NULL;
}

#define CHANGE_TO(state) (1u << INSTANCE_##state)

/* A started instance may be asked to end, or be stopped without being asked if there is nothing to wait for.
 */
#define CHANGE_TO_END (CHANGE_TO(ENDING) | CHANGE_TO(ENDED) | CHANGE_TO(STOPPED))

static const unsigned instance_changes[] = {
    [INSTANCE_NEW] = CHANGE_TO(STARTING),
    [INSTANCE_STARTING] =
        CHANGE_TO(LOOKING) | CHANGE_TO(UP) | CHANGE_TO(DOWN) | CHANGE_TO(FAILED) | CHANGE_TO_END,
    [INSTANCE_LOOKING] = CHANGE_TO(STARTING) | CHANGE_TO(DOWN) | CHANGE_TO(STOPPED),
    [INSTANCE_UP] = CHANGE_TO(DOWN) | CHANGE_TO_END,
    [INSTANCE_DOWN] = CHANGE_TO(LOOKING) | CHANGE_TO(UP) | CHANGE_TO(FAILED) | CHANGE_TO_END,
    [INSTANCE_FAILED] = CHANGE_TO(DOWN) | CHANGE_TO(STOPPED),
    [INSTANCE_ENDING] = CHANGE_TO(ENDED),
    [INSTANCE_ENDED] = CHANGE_TO(STOPPED),
    [INSTANCE_STOPPED] = CHANGE_TO(DOWN), /* while it is being started again */
};

bool instance_may_become(enum instance_state from, enum instance_state to)
{
    return instance_changes[from] & 1u << to;
}

void instance_set_state(struct fc_instance *instance, enum instance_state state)
{
    assert(instance_may_become(instance->state, state));
    instance->state = state;
}

int instance_canonical(const struct fc_instance *instance, const char *name, char *canonical, size_t bytes,
                       struct fc_reason *reason)
{
    size_t length = strlen(name);
    bool is_quoted = length > 2 && name[0] == '"' && name[length - 1] == '"';

    if (instance->backend->canonical)
        return instance->backend->canonical(instance->self, name, canonical, bytes, reason);
    if (is_quoted) {
        name++;
        length -= 2;
    }
    if (length >= bytes)
        return fc_refuse(reason, "a channel name is longer than %zu bytes", bytes - 1);
    memcpy(canonical, name, length);
    canonical[length] = '\0';
    return 0;
}

const char *instance_own_name(const struct fc_instance *instance)
{
    const char *slash = strchr(instance->name, '/');

    return slash ? slash + 1 : instance->name;
}

unsigned instance_account(const struct fc_instance *instance)
{
    return instance->owner ? instance->owner->number : 0;
}

int64_t instance_find_channel(const struct fc_instance *instance, const char *name)
{
    struct channel_name *known;

    HASH_FIND_STR(instance->names, name, known);
    return known ? (int64_t)known->id : -ENOENT;
}

static int instance_reserve_channel(struct fc_instance *instance)
{
    struct channel *channels;
    double *values;

    if (instance->n_channels >= instance->max_channels)
        return -ENOSPC;
    channels = grow_by_one(instance->channels, instance->n_channels, sizeof(*channels));
    if (!channels)
        return -ENOMEM;
    instance->channels = channels;
    values = grow_by_one(instance->values, instance->n_channels, sizeof(*values));
    if (!values)
        return -ENOMEM;
    instance->values = values;
    return 0;
}

int64_t instance_add_channel(struct fc_instance *instance, const char *name)
{
    int64_t id = instance_find_channel(instance, name);
    size_t bytes = strlen(name) + 1;
    struct channel_name *entry;
    int r;

    if (id >= 0)
        return id;
    r = instance_reserve_channel(instance);
    if (r < 0)
        return r;
    entry = malloc(sizeof(*entry) + bytes);
    if (!entry)
        return -ENOMEM;
    memcpy(entry->text, name, bytes);
    entry->id = instance->n_channels;
    entry->hh.tbl = NULL;
    HASH_ADD(hh, instance->names, text, (unsigned)(bytes - 1), entry);
    if (!entry->hh.tbl) {
        free(entry);
        return -ENOMEM;
    }
    instance->values[instance->n_channels] = NAN;
    instance->channels[instance->n_channels] = (struct channel){.name = entry, .writer = CHANNEL_UNWRITTEN};
    return instance->n_channels++;
}

void instance_drop_channel(struct fc_instance *instance)
{
    struct channel_name *name = instance->channels[--instance->n_channels].name;

    HASH_DEL(instance->names, name);
    free(name);
}

void instance_take_values(struct fc_instance *instance, const struct fc_instance *from)
{
    for (uint32_t i = 0; i < instance->n_channels; i++) {
        int64_t id = instance_find_channel(from, instance_channel_name(instance, i));

        if (id >= 0)
            instance->values[i] = from->values[id];
    }
}
