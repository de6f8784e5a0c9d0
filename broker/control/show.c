/* SPDX-License-Identifier: BSD-2-Clause */
/* See control_private.h: how it goes the instances, what is mapped to what, and events made by hand. */
#include <stdio.h>
#include <string.h>

#include "broker/control/private.h"
#include "broker/guest/guest.h"
#include "broker/python/backend.h"
#include "broker/python/stats.h"
#include "broker/python/status.h"
#include "broker/runtime/runtime.h"
#include "broker/show/observer.h"
#include "broker/show/show.h"
#include "broker/show/user.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define CONTROL_USAGE_ITEMS 32 /* instances in one reply that the keeper is asked about */

static const char *status_layers(struct control *control, unsigned layers)
{
    const char *landlock = control->landlock_abi > 0
                               ? control_format(control, ", landlock %d", control->landlock_abi)
                               : ", no landlock";

    if (control->spec.runtime->no_sandbox)
        return "NONE";
    if (!layers)
        return "";
    return control_format(control, "%s%s%s, %s", layers & GUEST_NAMESPACES ? "namespaces" : "no namespaces",
                          layers & GUEST_FILTER ? ", system calls" : "", landlock,
                          layers & GUEST_CGROUP ? "cgroup" : "no cgroup");
}

static void status_python(struct control *control, const struct fc_instance *instance, bool usage,
                          struct control_instance *item)
{
    struct python_status status;
    struct python_stats stats;

    python_stats_read(instance, &stats, usage);
    item->restarts = stats.restarts;
    item->events_in = stats.in;
    item->events_out = stats.out;
    item->dropped = stats.dropped;
    item->coalesced = stats.coalesced;
    item->exceptions = stats.exceptions;
    item->queue = stats.queue;
    item->queue_peak = stats.queue_peak;
    item->busy_p50_us = stats.busy_p50_us;
    item->busy_p99_us = stats.busy_p99_us;
    item->busy_max_us = stats.busy_max_us;
    item->memory_bytes = stats.memory_bytes;
    item->cpu_ms = stats.cpu_ns / FC_NS_PER_MS;
    if (!instance->started)
        return;
    python_status_read(instance, &status);
    item->state = status.state;
    item->detail = control_format(control, "%s", status.detail);
    item->pid = (uint32_t)status.pid;
    item->uptime_ms = status.uptime_ms;
    item->layers = status_layers(control, status.layers);
}

static void status_instance(struct control *control, const struct fc_instance *instance, bool usage,
                            struct control_instance *item)
{
    uint64_t now_ns = fc_now_ns();

    *item = (struct control_instance){.name = instance->name, .backend = instance->backend->name};
    item->state = instance->started ? "running" : "down";
    if (!instance->started && instance->retry.position && instance->retry.deadline_ns > now_ns)
        item->detail = control_format(control, "cannot start; again in %.1f s",
                                      (double)(instance->retry.deadline_ns - now_ns) / (double)FC_NS_PER_S);
    if (instance->is_stopped) {
        item->state = "stopped";
        item->detail = control_format(control, "by uid %u", instance->stopped_by);
    }
    item->is_frozen = instance->owner && user_is_stopped(instance->owner);
    if (instance->backend == &backend_python)
        status_python(control, instance, usage, item);
}

/* Those with the names that were asked for. `from` counts these. False with the answer in `reply`. */
static bool status_named(struct control *control, const struct control_call *call,
                         const struct control_request *request, size_t most, struct control_instance *items,
                         struct control_reply *reply)
{
    size_t at = request->from < request->n_names ? (size_t)request->from : request->n_names;

    for (; reply->n_instances < most && at < request->n_names; at++) {
        const struct fc_instance *instance = control_find(control, call, request->names[at], reply);

        if (!instance)
            return false;
        status_instance(control, instance, request->usage, &items[reply->n_instances++]);
    }
    reply->next = at < request->n_names ? at : 0;
    return true;
}

/* All that the caller may see; `from` counts these. */
static void status_all(struct control *control, const struct control_call *call,
                       const struct control_request *request, size_t most, struct control_instance *items,
                       struct control_reply *reply)
{
    const struct show *show = control->show;
    uint64_t passed = 0;

    for (size_t i = 0; i < show->n_instances; i++) {
        const struct fc_instance *instance = show->instances[i];

        if (!control_may_see(call, instance) || passed++ < request->from)
            continue;
        if (reply->n_instances == most) {
            reply->next = passed - 1;
            return;
        }
        status_instance(control, instance, request->usage, &items[reply->n_instances++]);
    }
}

static const char *show_name(struct control *control, const struct fc_instance *instance, uint32_t channel)
{
    return control_format(control, "%s.%s", instance->name, instance_channel_name(instance, channel));
}

/*
 * Who wrote last, as the router has noted it. Only an observer learns of others; the names are those of the
 * start, since what somebody wrote who is no user any more may still be there.
 */
static const char *status_writer(const struct control *control, const struct control_call *call,
                                 const struct channel *channel)
{
    const struct control_roles *roles = control->spec.roles;

    if (!channel->writer || channel->writer > roles->n_users ||
        (call->role < CONTROL_OBSERVER && channel->writer != call->account))
        return "";
    return roles->users[channel->writer - 1].name;
}

static bool status_is_asked_for(const struct control_request *request, const struct fc_instance *instance)
{
    for (size_t i = 0; i < request->n_names; i++) {
        if (strcmp(request->names[i], instance->name) == 0)
            return true;
    }
    return !request->n_names;
}

/* A page of channels that is being filled. */
struct writers_page {
    struct control_writer *items;
    uint64_t passed;
    size_t n_bytes;
};

/* False if the page is full. */
static bool status_writers_of(struct control *control, const struct control_call *call,
                              const struct control_request *request, const struct fc_instance *instance,
                              struct writers_page *page, struct control_reply *reply)
{
    for (uint32_t id = 0; id < instance->n_channels; id++) {
        const struct channel *channel = &instance->channels[id];
        struct control_writer *item = &page->items[reply->n_writers];

        if (!channel->is_written_by_users || channel->writer == CHANNEL_UNWRITTEN ||
            !control_may_see_channel(call, instance, id) || page->passed++ < request->from)
            continue;
        if (reply->n_writers == CONTROL_MAX_ITEMS || page->n_bytes > CONTROL_MAX_PAGE) {
            reply->next = page->passed - 1;
            return false;
        }
        item->channel = show_name(control, instance, id);
        item->user = status_writer(control, call, channel);
        page->n_bytes += strlen(item->channel) + strlen(item->user) + 8;
        reply->n_writers++;
    }
    return true;
}

/* Of the house's channels that users may write, those that were written. */
static void status_writers(struct control *control, const struct control_call *call,
                           const struct control_request *request, struct control_reply *reply)
{
    const struct show *show = control->show;
    struct writers_page page = {0};
    bool is_full = false;

    for (size_t i = 0; i < request->n_names; i++) {
        if (!control_find(control, call, request->names[i], reply))
            return;
    }
    page.items = arena_alloc(&control->texts, (CONTROL_MAX_ITEMS + 1) * sizeof(*page.items));
    reply->writers = page.items;
    for (size_t i = 0; page.items && i < show->n_instances && !is_full; i++) {
        if (!show->instances[i]->owner && status_is_asked_for(request, show->instances[i]))
            is_full = !status_writers_of(control, call, request, show->instances[i], &page, reply);
    }
}

bool control_status(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply)
{
    size_t most = request->usage ? CONTROL_USAGE_ITEMS : CONTROL_MAX_ITEMS;
    struct control_instance *items;

    if (request->channels) {
        status_writers(control, call, request, reply);
        return true;
    }
    items = arena_alloc(&control->texts, most * sizeof(*items));
    if (!items)
        return true;
    reply->instances = items;
    if (!request->n_names)
        status_all(control, call, request, most, items, reply);
    else if (!status_named(control, call, request, most, items, reply))
        reply->n_instances = 0;
    return true;
}

bool control_emit(struct control *control, const struct control_call *call,
                  const struct control_request *request, struct control_reply *reply)
{
    struct fc_instance *instance;
    int64_t id;

    if (request->value < 0.0 || request->value > 1.0) {
        reply->outcome = CONTROL_INVALID;
        reply->text = "a value is from 0 to 1";
        return true;
    }
    id = control_find_channel(control, call, request->names[0], &instance, reply);
    if (id < 0)
        return true;
    if (!control_may_change(call, instance)) {
        reply->outcome = CONTROL_REFUSED;
        reply->text = control_format(control, "%s is not yours", instance->name);
        return true;
    }
    if (observer_is_replay(control->show->router.observer)) {
        reply->outcome = CONTROL_FAILED;
        reply->text = "a recording is replayed: nothing else comes in";
        return true;
    }
    observer_emitted(control->show->router.observer, instance, (uint32_t)id, request->value);
    router_emit(&control->show->router, instance, (uint32_t)id, request->value); /* of a stopped one, too */
    if (!instance->channels[id].n_targets)
        reply->text = "nothing is mapped to it";
    return true;
}

/* A page of routes that is being filled. */
struct routes_page {
    struct control *control;
    const struct control_call *call;
    struct control_route *items;
    size_t n;
    size_t n_bytes;
    uint64_t passed; /* routes before it, or in it, that the caller may see */
    uint64_t from;
    bool is_full;
};

static void routes_add(struct routes_page *page, const struct fc_instance *from, uint32_t from_channel,
                       const struct route_target *to)
{
    struct control_route *item = &page->items[page->n];

    if (!control_may_see_route(page->call, from, to->instance))
        return;
    if (page->passed < page->from) {
        page->passed++;
        return;
    }
    *item = (struct control_route){.from = show_name(page->control, from, from_channel),
                                   .to = show_name(page->control, to->instance, to->channel)};
    page->n_bytes += strlen(item->from) + strlen(item->to) + 8;
    page->n++;
    page->passed++;
    page->is_full = page->n == CONTROL_MAX_ITEMS || page->n_bytes > CONTROL_MAX_PAGE;
}

/* Those that begin or end at `only`, if it is given. */
static void routes_of(struct routes_page *page, const struct fc_instance *instance, uint32_t id,
                      const struct route_target *only)
{
    const struct channel *channel = &instance->channels[id];
    const struct router *router = &page->control->show->router;
    bool is_it = !only || (only->instance == instance && only->channel == id);

    for (uint32_t i = 0; i < channel->n_targets && !page->is_full; i++) {
        const struct route_target *target = &router->targets[channel->first_target + i];

        if (is_it || (target->instance == only->instance && target->channel == only->channel))
            routes_add(page, instance, id, target);
    }
}

bool control_routes(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply)
{
    const struct show *show = control->show;
    struct routes_page page = {.control = control, .call = call, .from = request->from};
    struct route_target only = {0};
    int64_t id = 0;

    if (request->n_names)
        id = control_find_channel(control, call, request->names[0], &only.instance, reply);
    if (id < 0)
        return true;
    only.channel = (uint32_t)id;
    page.items = arena_alloc(&control->texts, (CONTROL_MAX_ITEMS + 1) * sizeof(*page.items));
    for (size_t i = 0; page.items && i < show->n_instances && !page.is_full; i++) {
        for (uint32_t n = 0; n < show->instances[i]->n_channels && !page.is_full; n++)
            routes_of(&page, show->instances[i], n, request->n_names ? &only : NULL);
    }
    reply->routes = page.items;
    reply->n_routes = page.n;
    reply->next = page.is_full ? page.passed : 0;
    return true;
}
