/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells the state of instances, and which user wrote last to channels of the house. */
#include "broker/control/status.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "broker/base/loop.h"
#include "broker/base/runtime.h"
#include "broker/config/console.h"
#include "broker/control/private.h"
#include "broker/control/reply.h"
#include "broker/control/scope.h"
#include "broker/guest/guest.h"
#include "broker/os/lookup.h"
#include "broker/proxy/proxy.h"
#include "broker/python/backend.h"
#include "broker/python/stats.h"
#include "broker/python/status.h"
#include "broker/show/access.h"
#include "broker/show/show.h"
#include "broker/show/user.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define STATUS_INSTANCES                                                                                     \
    16 /* so many in an answer, of whose number the desk knows nothing, count as a request */

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
    if (!instance_is_started(instance))
        return;
    python_status_read(instance, &status);
    item->state = status.state;
    item->detail = control_format(control, "%s", status.detail);
    item->pid = (uint32_t)status.pid;
    item->uptime_ms = status.uptime_ms;
    item->layers = status_layers(control, status.layers);
}

/* Tells what the log says went wrong last. */
static void status_error(struct control *control, const struct fc_instance *instance,
                         struct control_instance *item)
{
    struct log_error error = log_ring_error(&control->log, instance->name);
    struct timespec now;
    uint64_t now_ns;

    if (!error.time_ns)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    now_ns = (uint64_t)now.tv_sec * FC_NS_PER_S + (uint64_t)now.tv_nsec;
    item->last_error = control_format(control, "%s%s%s%s", error.text, error.place[0] ? " (" : "",
                                      error.place, error.place[0] ? ")" : "");
    item->last_error_ms = now_ns > error.time_ns ? (now_ns - error.time_ns) / FC_NS_PER_MS : 0;
}

static void status_describe(struct control *control, const struct fc_instance *instance,
                            struct control_instance *item)
{
    char text[256] = "";

    instance->backend->describe(instance->self, text, sizeof(text));
    if (text[0])
        item->detail = control_format(control, "%s", text);
}

/* Tells of the driver that an instance runs in. */
static void status_driver(const struct fc_instance *instance, uint64_t now_ns, struct control_instance *item)
{
    struct proxy_status status;

    proxy_status_read(instance, now_ns, &status);
    if (instance_is_started(instance))
        item->state = instance->state == INSTANCE_STARTING ? "starting"
                      : instance->state == INSTANCE_DOWN   ? "down"
                                                           : "running";
    item->pid = (uint32_t)status.pid;
    item->uptime_ms = status.uptime_ms;
    item->restarts = status.restarts;
}

/* Tells the figures of what is no script. */
static void status_device(struct control *control, const struct fc_instance *instance, uint64_t now_ns,
                          struct control_instance *item)
{
    item->events_in = instance->n_emitted;
    item->events_out = instance->n_set;
    item->malformed = instance->drops.n;
    item->is_heard = instance->heard_ns;
    if (item->is_heard)
        item->heard_ms = (now_ns - instance->heard_ns) / FC_NS_PER_MS;
    if (instance->backend->driver)
        status_driver(instance, now_ns, item);
    if (instance->backend->describe && instance_is_started(instance))
        status_describe(control, instance, item);
}

static void status_instance(struct control *control, const struct fc_instance *instance, bool usage,
                            struct control_instance *item)
{
    uint64_t now_ns = fc_now_ns();

    *item = (struct control_instance){.name = instance->name, .backend = instance->backend->name};
    item->state = instance_is_started(instance) ? "running" : "down";
    if (!instance_is_started(instance) && instance->retry.position && instance->retry.deadline_ns > now_ns)
        item->detail = control_format(control, "%s; trying again in %.1f s", show_failure(instance),
                                      (double)(instance->retry.deadline_ns - now_ns) / (double)FC_NS_PER_S);
    if (instance->state == INSTANCE_LOOKING) {
        item->state = "starting";
        item->detail = control_format(control, "looking up %s", lookups_awaited(instance->lookups));
    }
    if (instance_is_stopped(instance)) {
        item->state = "stopped";
        item->detail = control_format(control, "by uid %u", instance->stopped_by);
    }
    item->is_frozen = (instance->owner && user_is_stopped(instance->owner)) ||
                      (show_is_frozen(control->show) && !instance->backend->is_for_users);
    status_error(control, instance, item);
    if (instance->backend == &backend_python)
        status_python(control, instance, usage, item);
    else
        status_device(control, instance, now_ns, item);
}

/* Lists the instances that were asked for; `from` counts names. False with the answer in `reply`. */
static bool status_named(struct control *control, const struct control_call *call,
                         const struct control_request *request, struct control_instance *items,
                         struct control_reply *reply)
{
    size_t at = request->from < request->n_names ? (size_t)request->from : request->n_names;

    for (; reply->n_instances < CONTROL_MAX_ITEMS && at < request->n_names; at++) {
        const struct fc_instance *instance = control_find(control, call, request->names[at], reply);

        if (!instance)
            return false;
        status_instance(control, instance, request->usage, &items[reply->n_instances++]);
    }
    reply->next = at < request->n_names ? at : 0;
    return true;
}

/* Lists all instances that the caller may see; `from` counts these. */
static void status_all(struct control *control, const struct control_call *call,
                       const struct control_request *request, struct control_instance *items,
                       struct control_reply *reply)
{
    const struct show *show = control->show;
    uint64_t passed = 0;

    for (size_t i = 0; i < show->n_instances; i++) {
        const struct fc_instance *instance = show->instances[i];

        if (!control_may_see(call, instance) || passed++ < request->from)
            continue;
        if (reply->n_instances == CONTROL_MAX_ITEMS) {
            reply->next = passed - 1;
            return;
        }
        status_instance(control, instance, request->usage, &items[reply->n_instances++]);
    }
}

/*
 * Returns the user that wrote last, as the router has noted it. Only observers learn of others. The names are
 * those of the start, since the value of a former user may still be there.
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

/* A page of channels that is being filled. */
struct writers_page {
    const struct fc_instance **asked_for;
    size_t n_asked_for; /* 0: all */
    struct control_writer *items;
    uint64_t passed;
    size_t n_bytes;
};

static bool status_is_asked_for(const struct writers_page *page, const struct fc_instance *instance)
{
    for (size_t i = 0; i < page->n_asked_for; i++) {
        if (page->asked_for[i] == instance)
            return true;
    }
    return !page->n_asked_for;
}

/* Adds the channels of one instance. Returns false if the page is full. */
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
        item->channel = control_channel_name(control, instance, id);
        item->user = status_writer(control, call, channel);
        page->n_bytes += strlen(item->channel) + strlen(item->user) + 8;
        reply->n_writers++;
    }
    return true;
}

/* Lists the channels of the house that users may write and that were written. */
static void status_writers(struct control *control, const struct control_call *call,
                           const struct control_request *request, struct control_reply *reply)
{
    const struct show *show = control->show;
    struct writers_page page = {0};
    bool is_full = false;

    page.asked_for = arena_alloc(&control->texts, (request->n_names + 1) * sizeof(*page.asked_for));
    for (size_t i = 0; page.asked_for && i < request->n_names; i++) {
        page.asked_for[page.n_asked_for++] = control_find(control, call, request->names[i], reply);
        if (!page.asked_for[i])
            return;
    }
    if (!page.asked_for)
        return;
    page.items = arena_alloc(&control->texts, (CONTROL_MAX_ITEMS + 1) * sizeof(*page.items));
    reply->writers = page.items;
    for (size_t i = 0; page.items && i < show->n_instances && !is_full; i++) {
        if (!show->instances[i]->owner && status_is_asked_for(&page, show->instances[i]))
            is_full = !status_writers_of(control, call, request, show->instances[i], &page, reply);
    }
}

/* The broker's turns are everybody's, and tell a user what others do: they are for roles of the house. */
static void status_slow_turns(struct control *control, struct control_reply *reply)
{
    size_t n;
    const struct loop_slow *slow = loop_slow_turns(control->show->runtime->loop, &n);
    struct control_slow_turns *turns = arena_alloc(&control->texts, (n + 1) * sizeof(*turns));

    for (size_t i = 0; turns && i < n; i++)
        turns[i] = (struct control_slow_turns){.what = slow[i].what,
                                               .count = slow[i].n,
                                               .longest_us = slow[i].longest_ns / 1000};
    reply->has_slow_turns = true;
    reply->slow_turns = turns;
    reply->n_slow_turns = turns ? n : 0;
}

bool control_status(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply)
{
    struct control_instance *items;

    if (request->channels) {
        status_writers(control, call, request, reply);
        return true;
    }
    items = arena_alloc(&control->texts, CONTROL_MAX_ITEMS * sizeof(*items));
    if (!items)
        return true;
    reply->instances = items;
    reply->is_frozen = show_is_frozen(control->show);
    reply->has_panic = control->spec.console->panic[0];
    if (!request->n_names) {
        status_all(control, call, request, items, reply);
        rate_spend(&control->rate, reply->n_instances / STATUS_INSTANCES);
    }
    if (request->n_names && !status_named(control, call, request, items, reply))
        reply->n_instances = 0;
    if (!request->from && call->role >= CONTROL_OBSERVER)
        status_slow_turns(control, reply);
    return true;
}
