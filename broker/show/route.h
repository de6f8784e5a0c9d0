/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routing: from the channel that made an event to the channels that are mapped to it. A route is an array
 * lookup, so an event costs its own fan-out, whatever the size of the show.
 *
 * Emitting only queues, and router_run() delivers; but what router_emit_many() gets while nothing waits is
 * delivered at once. What backends emit meanwhile is queued behind, with one hop more; at ROUTE_MAX_HOPS it
 * is dropped, so a cycle ends.
 */
#ifndef BROKER_SHOW_ROUTE_H
#define BROKER_SHOW_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROUTE_MAX_HOPS    16
#define ROUTE_MAX_PENDING (1u << 20) /* events; more are dropped and counted */
#define ROUTE_TURN_BUDGET 65536      /* deliveries per turn of the loop */

struct fc_instance;
struct show_observer;

/* Values are 0.0 to 1.0. */
static inline double route_clamp(double value)
{
    return value < 0.0 ? 0.0 : value > 1.0 ? 1.0 : value;
}

struct route_target {
    struct fc_instance *instance;
    uint32_t channel;
    bool is_shared; /* users write it: who was last is noted */
};

struct route_event {
    struct fc_instance *instance; /* that made it */
    uint32_t channel;
    uint32_t hops;
    double value;
};

struct route_edge {
    struct route_target from;
    struct route_target to;
    uint64_t sequence;
};

struct router {
    struct route_edge *edges; /* until router_seal() */
    size_t n_edges;
    size_t edges_capacity;
    struct route_target *targets; /* of all channels; a channel has a range of it */
    size_t n_targets;
    struct route_event *events; /* a ring */
    size_t head;
    size_t n_events;
    size_t events_capacity;    /* a power of two */
    size_t budget;             /* deliveries before the next router_run() */
    uint32_t hops;             /* of the event being delivered, from 1; 0: none is */
    struct fc_instance *dirty; /* instances to flush */
    /* sees each event, where it is made and where it is set; NULL: nobody looks. Must not call the router */
    void (*tap)(void *userdata, struct fc_instance *instance, uint32_t channel, double value);
    void *tap_userdata;
    struct show_observer *observer; /* NULL: nobody records or replays */
    uint64_t delivered;
    uint64_t lost_hops; /* dropped at the hop limit, ever */
    uint64_t lost_full;
    uint64_t warned_ns;
};

void router_deinit(struct router *router);

/* Maps a channel to another. -ENOMEM. */
int router_add(struct router *router, struct route_target from, struct route_target to);

/*
 * Makes the lookup from everything that was added; equal mappings count once, targets keep the order in which
 * they were added. -ENOMEM.
 */
int router_seal(struct router *router);

/*
 * Takes what waits in the router of a show that becomes this one, but for the events of instances that leave,
 * and what was counted there. Not from within router_run().
 */
void router_take_over(struct router *router, struct router *from);

/* fc_emit() for several, whose values are finite. */
void router_emit_many(struct router *router, struct fc_instance *instance, const uint32_t *channels,
                      const double *values, size_t n);

/* See fc_emit(). */
void router_emit(struct router *router, struct fc_instance *instance, uint32_t channel, double value);

/* Sets a channel now, and flushes with the next router_run(). Not from within it. */
void router_set(struct router *router, const struct route_target *target, double value);

/*
 * Delivers what is queued, up to a budget, then flushes the instances concerned. True if something is left.
 */
bool router_run(struct router *router);

#endif
