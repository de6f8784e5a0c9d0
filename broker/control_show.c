/* See control_private.h: how it goes the instances, what is mapped to what, and events made by hand. */
#include <stdio.h>
#include <string.h>

#include "broker/control_private.h"
#include "broker/guest.h"
#include "broker/journal.h"
#include "broker/python.h"
#include "broker/runtime.h"
#include "broker/show.h"
#include "broker/suggest.h"
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
    if (instance->backend == &backend_python)
        status_python(control, instance, usage, item);
}

/* Those with the names that were asked for, or all. `from` counts either list. */
bool control_status(struct control *control, const struct control_call *call,
                    const struct control_request *request, struct control_reply *reply)
{
    size_t most = request->usage ? CONTROL_USAGE_ITEMS : CONTROL_MAX_ITEMS;
    size_t n_all = request->n_names ? request->n_names : control->show->n_instances;
    struct control_instance *items = arena_alloc(&control->texts, most * sizeof(*items));
    size_t n = 0, at = request->from < n_all ? (size_t)request->from : n_all;

    (void)call;
    for (; items && n < most && at < n_all; at++) {
        const struct fc_instance *instance = request->n_names
                                                 ? control_find(control, request->names[at], reply)
                                                 : control->show->instances[at];

        if (!instance)
            return true;
        status_instance(control, instance, request->usage, &items[n++]);
    }
    reply->instances = items;
    reply->n_instances = items ? n : 0;
    reply->next = at < n_all ? at : 0;
    return true;
}

/* INSTANCE.CHANNEL: the instance, and where the channel's name begins; or NULL with the answer in `reply`. */
static struct fc_instance *show_split(struct control *control, const char *name, const char **channel,
                                      struct control_reply *reply)
{
    const char *dot = strchr(name, '.');

    if (!dot || dot == name || !dot[1]) {
        reply->outcome = CONTROL_INVALID;
        reply->text = control_format(control, "\"%s\" is not INSTANCE.CHANNEL", name);
        return NULL;
    }
    *channel = dot + 1;
    return control_find(control, control_format(control, "%.*s", (int)(dot - name), name), reply);
}

/* The channel's number, or negative with the answer in `reply`. */
static int64_t show_find_channel(struct control *control, const char *name, struct fc_instance **instance,
                                 struct control_reply *reply)
{
    const char *channel, *text;
    struct suggest suggest;
    char hint[CONTROL_MAX_NAME];
    int64_t id;

    *instance = show_split(control, name, &channel, reply);
    if (!*instance)
        return -1;
    id = instance_find_channel(*instance, channel);
    if (id >= 0)
        return id;
    suggest_init(&suggest, channel);
    for (uint32_t i = 0; i < (*instance)->n_channels && i < 10000; i++)
        suggest_offer(&suggest, instance_channel_name(*instance, i));
    text = suggest_hint(&suggest, hint, sizeof(hint));
    reply->outcome = CONTROL_UNKNOWN_NAME;
    reply->text = control_format(control, "%s has no channel \"%s\"%s%s", (*instance)->name, channel,
                                 text ? "; " : "", text ? text : "");
    return -1;
}

bool control_emit(struct control *control, const struct control_call *call,
                  const struct control_request *request, struct control_reply *reply)
{
    struct fc_instance *instance;
    int64_t id;

    (void)call;
    if (request->value < 0.0 || request->value > 1.0) {
        reply->outcome = CONTROL_INVALID;
        reply->text = "a value is from 0 to 1";
        return true;
    }
    id = show_find_channel(control, request->names[0], &instance, reply);
    if (id < 0)
        return true;
    if (journal_is_replay(control->show->router.journal)) {
        reply->outcome = CONTROL_FAILED;
        reply->text = "a recording is replayed: nothing else comes in";
        return true;
    }
    if (control->show->router.journal)
        journal_emitted(control->show->router.journal, instance, (uint32_t)id, request->value);
    router_emit(&control->show->router, instance, (uint32_t)id, request->value); /* of a stopped one, too */
    if (!instance->channels[id].n_targets)
        reply->text = "nothing is mapped to it";
    return true;
}

static const char *show_name(struct control *control, const struct fc_instance *instance, uint32_t channel)
{
    return control_format(control, "%s.%s", instance->name, instance_channel_name(instance, channel));
}

/* A page of routes that is being filled. */
struct routes_page {
    struct control *control;
    struct control_route *items;
    size_t n;
    size_t n_bytes;
    uint64_t passed; /* routes before it, or in it */
    uint64_t from;
    bool is_full;
};

static void routes_add(struct routes_page *page, const struct fc_instance *from, uint32_t from_channel,
                       const struct route_target *to)
{
    struct control_route *item = &page->items[page->n];

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
    struct routes_page page = {.control = control, .from = request->from};
    struct route_target only = {0};
    int64_t id = 0;

    (void)call;
    if (request->n_names)
        id = show_find_channel(control, request->names[0], &only.instance, reply);
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
