/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes a running show. Instances that stay are moved over as they are, with the numbers of their channels,
 * which workers know; the next show's routes are translated to them.
 */
#include "broker/show/change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/runtime.h"
#include "broker/show/access.h"
#include "broker/show/show.h"
#include "broker/show/user.h"
#include "firecurtain/log.h"

/* How many turns the events of instances that leave have to be routed. */
#define CHANGE_MAX_TURNS 100

/* One instance of the next show. */
struct change_entry {
    struct fc_instance *next;
    struct fc_instance *running; /* of the same name and backend, or NULL */
    bool stays;                  /* `running` takes the place of `next` */
    uint32_t *ids;               /* if it stays: the ids of its channels, by those in `next` */
};

struct show_change {
    struct show *show;
    struct show *next;
    struct change_entry *entries;
    size_t n_entries; /* next->n_instances */
    void (*changed)(void *userdata, struct show *show);
    void *userdata;
    struct loop_task commit;
    unsigned n_turns; /* that `commit` has waited */
};

static void change_free(struct show_change *change)
{
    for (size_t i = 0; i < change->n_entries; i++)
        free(change->entries[i].ids);
    free(change->entries);
    free(change);
}

/* Finds out which instances stay; the others of the running show leave. */
static void change_compare(struct show_change *change)
{
    for (size_t i = 0; i < change->show->n_instances; i++)
        change->show->instances[i]->leaves = true;
    for (size_t i = 0; i < change->next->n_instances; i++) {
        struct change_entry *entry = &change->entries[i];

        entry->next = change->next->instances[i];
        HASH_FIND_STR(change->show->by_name, entry->next->name, entry->running);
        if (entry->running && entry->running->backend != entry->next->backend)
            entry->running = NULL;
        if (!entry->running || strcmp(entry->running->signature, entry->next->signature) != 0)
            continue;
        entry->ids = calloc(entry->next->n_channels + 1, sizeof(*entry->ids));
        entry->stays = entry->ids; /* without memory, it is replaced like the others */
        entry->running->leaves = !entry->stays;
    }
}

/* Gives the channels of the new mappings to an instance that stays. */
static int change_channels(struct change_entry *entry)
{
    struct fc_instance *running = entry->running;
    const struct fc_instance *next = entry->next;
    struct fc_reason reason;

    running->max_channels = next->max_channels;
    for (uint32_t i = 0; i < next->n_channels; i++) {
        int64_t id = instance_add_channel(running, instance_channel_name(next, i));

        if (id < 0)
            return (int)id;
        entry->ids[i] = (uint32_t)id;
        running->channels[id].wanted = next->channels[i].directions;
        running->channels[id].at = next->channels[i].at;
        running->channels[id].is_written_by_users = next->channels[i].is_written_by_users;
    }
    for (uint32_t id = 0; id < running->n_channels; id++) {
        struct channel *channel = &running->channels[id];
        int r = 0;

        if (!channel->wanted) /* no mapping has it any more */
            channel->is_written_by_users = false;
        if (!channel->is_written_by_users)
            channel->writer = CHANNEL_UNWRITTEN;
        if (channel->wanted != channel->directions)
            r = running->backend->channel(running->self, id, channel->name->text, channel->wanted, &reason);
        if (r < 0)
            return r;
        channel->directions = channel->wanted;
        channel->wanted = 0;
        channel->n_targets = 0;
    }
    return 0;
}

/* Translates the next show's routes to the instances that stay. */
static void change_routes(struct show_change *change)
{
    struct router *router = &change->next->router;

    for (size_t i = 0; i < change->next->n_instances; i++)
        change->entries[i].next->place = i;
    for (size_t i = 0; i < router->n_targets; i++) {
        struct route_target *target = &router->targets[i];
        const struct change_entry *entry = &change->entries[target->instance->place];

        if (!entry->stays)
            continue;
        target->channel = entry->ids[target->channel];
        target->instance = entry->running;
    }
    for (size_t i = 0; i < change->next->n_instances; i++) {
        const struct change_entry *entry = &change->entries[i];

        for (uint32_t id = 0; entry->stays && id < entry->next->n_channels; id++) {
            entry->running->channels[entry->ids[id]].first_target = entry->next->channels[id].first_target;
            entry->running->channels[entry->ids[id]].n_targets = entry->next->channels[id].n_targets;
        }
    }
}

static void change_forget(struct show *show, struct fc_instance *instance)
{
    HASH_DEL(show->by_name, instance);
    for (size_t i = 0; i < show->n_instances; i++) {
        if (show->instances[i] == instance)
            show->instances[i] = show->instances[--show->n_instances];
    }
}

static void change_move(struct show_change *change, size_t place)
{
    struct change_entry *entry = &change->entries[place];
    struct show *next = change->next;

    change_forget(change->show, entry->running);
    HASH_DEL(next->by_name, entry->next);
    entry->running->owner = entry->next->owner;
    instance_free(entry->next);
    entry->next = NULL;
    entry->running->show = next;
    next->instances[place] = entry->running;
    HASH_ADD_KEYPTR(hh, next->by_name, entry->running->name, strlen(entry->running->name), entry->running);
}

/* Lets an instance end that could not be told of its channels; the new one starts instead. */
static void change_give_up(struct change_entry *entry, int r)
{
    fc_log(FC_LOG_ERROR, entry->next->name, "is restarted, since it cannot take its new mappings: %s",
           strerror(-r));
    entry->stays = false;
    entry->running->leaves = true;
}

static void change_start(struct show_change *change)
{
    for (size_t i = 0; i < change->next->n_instances; i++) {
        const struct change_entry *entry = &change->entries[i];

        if (!entry->stays)
            show_start_instance(entry->next);
        else if (entry->running->backend->refresh && instance_is_started(entry->running))
            entry->running->backend->refresh(entry->running->self);
    }
}

/* Completes the change, between two events. Nothing that fails here leaves it incomplete. */
static void change_commit(void *userdata)
{
    struct show_change *change = userdata;
    struct show *show = change->show, *next = change->next;
    void (*changed)(void *userdata, struct show *show) = change->changed;

    if (show_is_behind(show) && change->n_turns++ < CHANGE_MAX_TURNS) {
        loop_defer(show->runtime->loop, &change->commit); /* instances that leave have events waiting */
        return;
    }
    router_complete(&show->router);
    userdata = change->userdata;
    next->runtime = show->runtime;
    user_access_take_over(next, show);
    next->has_news = true;
    for (size_t i = 0; i < next->n_instances; i++) {
        struct change_entry *entry = &change->entries[i];
        int r = entry->stays ? change_channels(entry) : 0;

        if (r < 0)
            change_give_up(entry, r);
        if (!entry->stays && entry->running)
            instance_take_values(entry->next, entry->running);
        if (!entry->stays && entry->running && entry->next->backend->inherit)
            entry->next->backend->inherit(entry->next->self, entry->running->self);
    }
    change_routes(change);
    router_take_over(&next->router, &show->router);
    for (size_t i = 0; i < next->n_instances; i++) {
        if (change->entries[i].stays)
            change_move(change, i);
    }
    show->change = NULL;
    show_free(show);
    change_start(change);
    change_free(change);
    changed(userdata, next);
}

/* Revokes users that are not in the next show, and freezes those that are frozen there, at once. */
static void change_users(struct show_change *change)
{
    for (size_t i = 0; i < change->show->n_users; i++) {
        struct user *user = change->show->users[i];
        const struct user *after = show_find_user(change->next, user->name);

        if (!after)
            user_revoke(change->show, user);
        else
            user->is_frozen_by_configuration = after->is_frozen_by_configuration;
    }
}

static void change_left(void *userdata)
{
    struct show_change *change = userdata;

    /* the last events of the instances that leave are still routed in this turn */
    loop_defer(change->show->runtime->loop, &change->commit);
}

int show_change(struct show *show, struct show *next, void (*changed)(void *userdata, struct show *show),
                void *userdata)
{
    struct show_change *change = calloc(1, sizeof(*change));

    if (change)
        change->entries = calloc(next->n_instances + 1, sizeof(*change->entries));
    if (!change || !change->entries) {
        free(change);
        return -ENOMEM;
    }
    change->n_entries = next->n_instances;
    change->show = show;
    change->next = next;
    change->changed = changed;
    change->userdata = userdata;
    change->commit =
        (struct loop_task){.fn = change_commit, .what = "a new configuration", .userdata = change};
    show->change = change;
    change_compare(change);
    change_users(change);
    show_quiesce(show, false, change_left, change);
    return 0;
}

void show_change_cancel(struct show *show)
{
    struct show_change *change = show->change;

    if (!change)
        return;
    loop_cancel_task(&change->commit);
    show_free(change->next);
    change_free(change);
    show->change = NULL;
}
