/* SPDX-License-Identifier: BSD-2-Clause */
/* The lookup, the line of events, and their delivery. */
#include "broker/show/route.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "broker/base/grow.h"
#include "broker/show/instance.h"
#include "broker/show/observer.h"
#include "broker/show/user.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define ROUTE_FIRST_EVENTS 256
#define ROUTE_RUN          128 /* events that are delivered at once, if they go to one instance */
#define ROUTE_CLOCK        128 /* deliveries between two looks at the clock: each may be a packet */

void router_deinit(struct router *router)
{
    free(router->edges);
    free(router->targets);
    free(router->events);
    *router = (struct router){0};
}

int router_add(struct router *router, struct route_target from, struct route_target to)
{
    struct route_edge *edges = grow_by_one(router->edges, router->n_edges, sizeof(*edges));

    if (!edges)
        return -ENOMEM;
    router->edges = edges;
    router->edges[router->n_edges] = (struct route_edge){.from = from, .to = to, .sequence = router->n_edges};
    router->n_edges++;
    return 0;
}

static int route_compare_target(const struct route_target *a, const struct route_target *b)
{
    if (a->instance != b->instance)
        return a->instance < b->instance ? -1 : 1;
    return (a->channel > b->channel) - (a->channel < b->channel);
}

/* Orders edges so that equal ones are neighbours, the one that was added first in front. */
static int route_compare_edge(const void *pa, const void *pb)
{
    const struct route_edge *a = pa, *b = pb;
    int order = route_compare_target(&a->from, &b->from);

    if (order == 0)
        order = route_compare_target(&a->to, &b->to);
    return order ? order : (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

/* Orders the targets of each source as they were added. */
static int route_compare_order(const void *pa, const void *pb)
{
    const struct route_edge *a = pa, *b = pb;
    int order = route_compare_target(&a->from, &b->from);

    return order ? order : (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

static size_t route_drop_equal(struct route_edge *edges, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (kept && route_compare_target(&edges[kept - 1].from, &edges[i].from) == 0 &&
            route_compare_target(&edges[kept - 1].to, &edges[i].to) == 0)
            continue;
        edges[kept++] = edges[i];
    }
    return kept;
}

int router_seal(struct router *router)
{
    size_t n = router->n_edges;

    if (n > 0) {
        qsort(router->edges, n, sizeof(*router->edges), route_compare_edge);
        n = route_drop_equal(router->edges, n);
        qsort(router->edges, n, sizeof(*router->edges), route_compare_order);
        router->targets = malloc(n * sizeof(*router->targets));
        if (!router->targets)
            return -ENOMEM;
    }
    router->n_targets = n;
    for (size_t i = 0; i < n; i++) {
        const struct route_target *from = &router->edges[i].from, *to = &router->edges[i].to;
        struct channel *channel = &from->instance->channels[from->channel];

        router->targets[i] = *to;
        router->targets[i].is_shared = to->instance->channels[to->channel].is_written_by_users;
        router->targets[i].is_device = !to->instance->backend->is_for_users;
        if (channel->n_targets++ == 0)
            channel->first_target = (uint32_t)i;
    }
    free(router->edges);
    router->edges = NULL;
    router->n_edges = 0;
    return 0;
}

static void route_flush(struct router *router)
{
    while (router->dirty) {
        struct fc_instance *instance = router->dirty;

        router->dirty = instance->next_dirty;
        instance->is_dirty = false;
        instance->backend->flush(instance->self);
    }
}

void router_take_over(struct router *router, struct router *from)
{
    size_t mask = from->events_capacity - 1, kept = 0;

    assert(!from->n_served);
    route_flush(from);
    for (size_t i = 0; i < from->n_events; i++) {
        const struct route_event *event = &from->events[(from->head + i) & mask];

        if (!event->instance->leaves)
            from->events[(from->head + kept++) & mask] = *event;
    }
    free(router->events);
    router->events = from->events;
    router->head = from->head;
    router->n_events = kept;
    router->events_capacity = from->events_capacity;
    router->delivered = from->delivered;
    router->lost_hops = from->lost_hops;
    router->lost_full = from->lost_full;
    router->warned_ns = from->warned_ns;
    router->turn_ns = from->turn_ns;
    router->observer = from->observer;
    from->events = NULL;
    from->n_events = from->events_capacity = 0;
}

/* Warns at most once a second: a cycle loses events by the thousand. */
static void route_warn(struct router *router, const char *instance, const char *what, const char *channel)
{
    if (!fc_once_a_second(&router->warned_ns))
        return;
    fc_log(FC_LOG_WARNING, instance, "%s: channel %s", what, channel);
}

static int route_grow_events(struct router *router)
{
    size_t capacity = grow_capacity(router->events_capacity, router->events_capacity + 1, ROUTE_FIRST_EVENTS);
    struct route_event *events;

    if (router->events_capacity >= ROUTE_MAX_PENDING)
        return -ENOBUFS;
    events = malloc(capacity * sizeof(*events));
    if (!events)
        return -ENOMEM;
    for (size_t i = 0; i < router->n_events; i++)
        events[i] = router->events[(router->head + i) & (router->events_capacity - 1)];
    free(router->events);
    router->events = events;
    router->events_capacity = capacity;
    router->head = 0;
    return 0;
}

/* Puts an event in the line, unless it is lost. */
static void route_queue(struct router *router, struct fc_instance *instance, uint32_t channel, double value)
{
    instance->values[channel] = value;
    if (router->tap)
        router->tap(router->tap_userdata, instance, channel, value);
    if (!instance->channels[channel].n_targets)
        return;
    if (router->hops >= ROUTE_MAX_HOPS) {
        router->lost_hops++;
        route_warn(router, instance->name, "mappings form a cycle; an event was dropped",
                   instance_channel_name(instance, channel));
        return;
    }
    if (router->n_events == router->events_capacity && route_grow_events(router) < 0) {
        router->lost_full++;
        route_warn(router, instance->name, "too many events at once; one was dropped",
                   instance_channel_name(instance, channel));
        return;
    }
    router->events[(router->head + router->n_events) & (router->events_capacity - 1)] = (struct route_event){
        .instance = instance,
        .channel = channel,
        .hops = (uint16_t)router->hops,
        .answers = (uint16_t)router->answers,
        .value = value,
    };
    router->n_events++;
}

/* Consecutive events for the same instance, which are delivered together. */
struct route_run {
    struct fc_instance *instance;
    size_t n;
    uint32_t channels[ROUTE_RUN];
    double values[ROUTE_RUN];
};

static void route_deliver(struct router *router, struct route_run *run)
{
    struct fc_instance *instance = run->instance;
    const struct fc_backend *backend;

    if (!run->n)
        return;
    if (!observer_may_set(router->observer, instance)) {
        run->n = 0;
        return;
    }
    backend = instance->backend;
    for (size_t i = 0; i < run->n; i++)
        instance->values[run->channels[i]] = run->values[i];
    for (size_t i = 0; router->tap && i < run->n; i++)
        router->tap(router->tap_userdata, instance, run->channels[i], run->values[i]);
    if (backend->set_many)
        backend->set_many(instance->self, run->channels, run->values, run->n);
    for (size_t i = 0; !backend->set_many && i < run->n; i++)
        backend->set(instance->self, run->channels[i], run->values[i]);
    router->delivered += run->n;
    instance->n_set += run->n;
    run->n = 0;
    if (!instance->is_dirty && backend->flush) {
        instance->is_dirty = true;
        instance->next_dirty = router->dirty;
        router->dirty = instance;
    }
}

static inline void route_gather(struct router *router, struct route_run *run,
                                const struct route_target *target, double value)
{
    if (run->instance != target->instance || run->n == ROUTE_RUN) {
        route_deliver(router, run);
        run->instance = target->instance;
    }
    run->channels[run->n] = target->channel;
    run->values[run->n] = value;
    run->n++;
}

void router_set(struct router *router, const struct route_target *target, double value)
{
    struct route_run run;

    run.instance = target->instance;
    run.channels[0] = target->channel;
    run.values[0] = value;
    run.n = 1;
    route_deliver(router, &run);
}

/*
 * Whether events pass from one owner to another: not from a user who is frozen or revoked, and not to one who
 * is revoked; and to no device while outputs are frozen. Within one user's show all pass. There is no other
 * place where users' events reach others.
 */
static bool route_may_pass(const struct router *router, const struct user *from,
                           const struct route_target *target)
{
    const struct user *to = target->instance->owner;

    if (router->is_frozen && target->is_device)
        return false;
    if (from == to)
        return true;
    return !(from && user_is_stopped(from)) && !(to && to->is_revoked);
}

/* Passes an event on to `n` of its channel's targets, beginning with the one in place `first`. */
static inline void route_fan_out(struct router *router, struct route_run *run, const struct fc_instance *from,
                                 uint32_t channel, double value, uint32_t first, uint32_t n)
{
    const struct route_target *targets = &router->targets[from->channels[channel].first_target];

    for (uint32_t i = first; i < first + n; i++) {
        const struct route_target *target = &targets[i];

        if (!route_may_pass(router, from->owner, target))
            continue;
        if (target->is_shared)
            target->instance->channels[target->channel].writer = instance_account(from);
        route_gather(router, run, target, value);
    }
}

/* Whether the turn has lasted long enough. Counts from the first time the clock is read in a turn. */
static bool route_is_late(struct router *router, size_t deliveries)
{
    uint64_t now_ns;

    router->unclocked += deliveries;
    if (router->unclocked < ROUTE_CLOCK || !router->turn_ns)
        return false;
    router->unclocked = 0;
    now_ns = fc_now_ns();
    if (!router->turn_ends_ns)
        router->turn_ends_ns = now_ns + router->turn_ns;
    return now_ns >= router->turn_ends_ns;
}

/* Makes room for `n` more events, as far as the limit allows. Returns the room. */
static size_t route_reserve(struct router *router, size_t n)
{
    while (router->events_capacity - router->n_events < n && route_grow_events(router) == 0)
        ;
    return router->events_capacity - router->n_events;
}

/*
 * Delivers events at once if nothing waits: the order is the same, and a large report need not pass through
 * the ring. Returns how many were delivered; the turn's budget and time may not suffice for all.
 */
static size_t route_at_once(struct router *router, const struct fc_instance *instance,
                            const uint32_t *channels, const double *values, size_t n)
{
    struct route_run run;
    bool is_late = false;
    size_t i;

    if (router->tap || router->hops || router->n_events)
        return 0;
    run.instance = NULL;
    run.n = 0;
    router->hops = 1;
    for (i = 0; i < n && !is_late && instance->channels[channels[i]].n_targets <= router->budget; i++) {
        uint32_t targets = instance->channels[channels[i]].n_targets;
        double value = route_clamp(values[i]);

        instance->values[channels[i]] = value;
        route_fan_out(router, &run, instance, channels[i], value, 0, targets);
        router->budget -= targets;
        is_late = route_is_late(router, targets);
    }
    route_deliver(router, &run);
    router->hops = 0;
    return i;
}

/* Passes on a script's events, which are sound and many. */
static void route_emit_many(struct router *router, struct fc_instance *instance, const uint32_t *channels,
                            const double *values, size_t n)
{
    size_t i = route_at_once(router, instance, channels, values, n);
    bool is_usual = !router->tap && router->hops < ROUTE_MAX_HOPS && route_reserve(router, n - i) >= n - i;
    size_t tail = router->head + router->n_events, mask = router->events_capacity - 1;

    for (; !is_usual && i < n; i++)
        route_queue(router, instance, channels[i], route_clamp(values[i])); /* reports what is lost */
    for (; is_usual && i < n; i++) {
        double value = route_clamp(values[i]);

        instance->values[channels[i]] = value;
        router->events[tail & mask] = (struct route_event){.instance = instance,
                                                           .channel = channels[i],
                                                           .hops = (uint16_t)router->hops,
                                                           .answers = (uint16_t)router->answers,
                                                           .value = value};
        tail += instance->channels[channels[i]].n_targets != 0;
    }
    if (is_usual)
        router->n_events = tail - router->head;
}

/* Whether an event that is not a script's may be routed at all. */
static bool route_admits(struct router *router, enum route_source source, const struct fc_instance *instance,
                         uint32_t channel, double value)
{
    if (source == ROUTE_BACKEND && instance_is_stopped(instance))
        return false; /* a backend without anything to close, such as a loopback, is still there */
    if (channel >= instance->n_channels || isnan(value))
        return false;
    return observer_emits(router->observer, source, instance, channel, value);
}

void router_emit(struct router *router, enum route_source source, struct fc_instance *instance,
                 const uint32_t *channels, const double *values, size_t n)
{
    if (source == ROUTE_SCRIPT) {
        route_emit_many(router, instance, channels, values, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double value = route_clamp(values[i]);

        if (route_admits(router, source, instance, channels[i], value))
            route_queue(router, instance, channels[i], value);
    }
}

/*
 * Passes on the event in front, to no more than `most` of its targets; those that are left have it next.
 * Returns how many have it now.
 */
static uint32_t route_front(struct router *router, struct route_run *run, size_t most)
{
    struct route_event event = router->events[router->head];
    uint32_t left = event.instance->channels[event.channel].n_targets - router->n_served;
    uint32_t n = left < most ? left : (uint32_t)most, first = router->n_served;

    if (event.hops + 1u != router->hops || event.answers != router->answers)
        route_deliver(router, run); /* events that a delivery emits get these hops and answers */
    router->hops = event.hops + 1u;
    router->answers = event.answers;
    router->n_served += n;
    if (n == left) {
        router->n_served = 0;
        router->head = (router->head + 1) & (router->events_capacity - 1);
        router->n_events--;
    }
    route_fan_out(router, run, event.instance, event.channel, event.value, first, n);
    return n;
}

void router_complete(struct router *router)
{
    struct route_run run;

    run.instance = NULL;
    run.n = 0;
    if (router->n_served)
        route_front(router, &run, SIZE_MAX);
    route_deliver(router, &run);
    router->hops = router->answers = 0;
}

/* Delivers what is queued, as far as budget and time allow. */
static void route_pending(struct router *router, size_t budget)
{
    struct route_run run;
    bool is_late = false;

    run.instance = NULL;
    run.n = 0;
    while (router->n_events && budget && !is_late) {
        uint32_t n = route_front(router, &run, budget < ROUTE_CLOCK ? budget : ROUTE_CLOCK);

        budget -= n;
        is_late = route_is_late(router, n);
        if (!router->n_events) /* the delivery may emit more */
            route_deliver(router, &run);
    }
    route_deliver(router, &run);
    router->hops = router->answers = 0;
}

bool router_run(struct router *router)
{
    route_pending(router, ROUTE_TURN_BUDGET);
    router->budget = ROUTE_TURN_BUDGET;
    router->turn_ends_ns = router->unclocked = 0;
    route_flush(router);
    router->is_behind = router->n_events > 0;
    return router->is_behind;
}
