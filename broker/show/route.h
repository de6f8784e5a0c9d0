/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routing: from the channel that made an event to the channels that are mapped to it. A route is an array
 * lookup, so an event costs its own fan-out, whatever the size of the show.
 *
 * All events come in by one door, router_emit(). It queues them, and router_run() delivers; only a script's
 * events are delivered at once if nothing waits. What backends emit while events are delivered is queued with
 * one hop more; at ROUTE_MAX_HOPS it is dropped, so that a cycle ends.
 */
#ifndef BROKER_SHOW_ROUTE_H
#define BROKER_SHOW_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROUTE_MAX_HOPS    16
#define ROUTE_MAX_PENDING (1u << 20) /* events; more are dropped and counted */
#define ROUTE_TURN_BUDGET 65536      /* deliveries per turn of the loop */
#define ROUTE_TURN_NS     1000000    /* how long a turn of a show may route */

struct fc_instance;
struct show_observer;

/* Where events come from, which decides what is checked. */
enum route_source {
    /* what a backend emits (fc_emit()): dropped if its instance is stopped, or if the observer says so */
    ROUTE_BACKEND,
    /* what a script has put out; channels and values were checked when the report came in, and the observer
       sees them as outputs of a step */
    ROUTE_SCRIPT,
    /* what somebody emits by hand: passes also if the instance is stopped */
    ROUTE_COMMAND,
    /* what a recording says that a backend emitted */
    ROUTE_REPLAY,
};

/* Limits a value to 0.0…1.0. */
static inline double route_clamp(double value)
{
    return value < 0.0 ? 0.0 : value > 1.0 ? 1.0 : value;
}

struct route_target {
    struct fc_instance *instance;
    uint32_t channel;
    bool is_shared; /* users write it: the last writer is noted */
    bool is_device; /* it leads out of this process: nothing gets there while outputs are frozen */
};

struct route_event {
    struct fc_instance *instance; /* the one that made it */
    uint32_t channel;
    uint16_t hops;
    uint16_t answers; /* of peers, in a row, that led to it; 0: none (fc_emit_answer()) */
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
    struct route_target *targets; /* of all channels; a channel has a range of it */
    size_t n_targets;
    struct route_event *events; /* a ring */
    size_t head;
    size_t n_events;
    size_t events_capacity;    /* a power of two */
    uint32_t n_served;         /* targets of the event in front that have it already */
    size_t budget;             /* deliveries before the next router_run() */
    size_t unclocked;          /* deliveries since the clock was read */
    uint64_t turn_ns;          /* how long a turn may take, or little more; 0: no limit */
    uint64_t turn_ends_ns;     /* 0: the clock was not read in this turn */
    bool is_behind;            /* what router_run() has returned last */
    bool is_frozen;            /* nothing is put out to devices */
    uint32_t hops;             /* of the event that is being delivered, from 1; 0: none is */
    uint32_t answers;          /* that led to what is being emitted or delivered; 0: none */
    struct fc_instance *dirty; /* instances to flush */
    /* called with each event, where it is made and where it is set, or NULL; must not call the router */
    void (*tap)(void *userdata, struct fc_instance *instance, uint32_t channel, double value);
    void *tap_userdata;
    struct show_observer *observer; /* NULL: nobody records or replays */
    uint64_t delivered;
    uint64_t lost_hops; /* events dropped at the hop limit */
    uint64_t lost_full; /* events dropped since too many waited */
    uint64_t warned_ns;
};

void router_deinit(struct router *router);

/* Maps a channel to another. 0 or -ENOMEM. */
int router_add(struct router *router, struct route_target from, struct route_target to);

/*
 * Makes the lookup from all mappings that were added. Equal mappings count once; targets keep the order in
 * which they were added. 0 or -ENOMEM.
 */
int router_seal(struct router *router);

/*
 * Takes over the counters of the running show's router and the events that wait in it, except those of
 * instances that leave. None of them may be delivered to only some of its targets: see router_complete(). Not
 * from within router_run().
 */
void router_take_over(struct router *router, struct router *from);

/*
 * Routes events of an instance, in their order. Values are clamped to 0.0…1.0. Events on channels that it
 * does not have, and values that are not numbers, are dropped; a script must not send any.
 */
void router_emit(struct router *router, enum route_source source, struct fc_instance *instance,
                 const uint32_t *channels, const double *values, size_t n);

/* Sets a channel now; its instance is flushed by the next router_run(). Not from within router_run(). */
void router_set(struct router *router, const struct route_target *target, double value);

/*
 * Delivers what is queued, as far as the turn's budget and time allow, then flushes the targets. True if
 * something is left: then it waits for the next turn, even in the middle of one event's targets.
 */
bool router_run(struct router *router);

/* Delivers an event to the rest of its targets, if router_run() has left one in their middle. */
void router_complete(struct router *router);

#endif
