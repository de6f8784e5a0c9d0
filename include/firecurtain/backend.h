/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contract between the core and a protocol backend.
 *
 * A backend turns a protocol into channels and back. It is one row in the table of broker/build/backends.c
 * and needs nothing from the core but what this header declares. `loopback.c` is the template.
 *
 * Everything here runs in the broker's only thread. No slot may block, with one exception that is stated at
 * the slot: a backend that has to wait watches a descriptor with fc_watch_new().
 *
 * Values are normalised: 0.0 to 1.0, always finite.
 */
#ifndef FIRECURTAIN_BACKEND_H
#define FIRECURTAIN_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The core's side of an instance. Outlives the backend's state of it. */
struct fc_instance;

/* Why something in the configuration was refused: one sentence without a full stop, filled by the backend. */
struct fc_reason {
    char text[256];
};

/* Fills `reason` and returns -EINVAL, so that a slot can end with `return fc_refuse(reason, "…")`. */
int fc_refuse(struct fc_reason *reason, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How a channel is used in the mappings; a channel may be both. */
enum fc_direction {
    FC_SOURCE = 1, /* the instance emits events on it */
    FC_TARGET = 2, /* events are set on it */
};

enum fc_scope {
    FC_SCOPE_BACKEND = 1,  /* [backend NAME] */
    FC_SCOPE_INSTANCE = 2, /* [NAME instance] */
};

/* One configuration option. The table of a backend checks names, gives suggestions and documents itself. */
struct fc_option {
    const char *name;    /* "/" accepts every name that begins with a slash; NULL ends the table */
    unsigned scopes;     /* enum fc_scope, or-ed */
    bool repeatable;     /* every assignment counts; otherwise a second one is an error */
    const char *example; /* a value as in a configuration file */
    const char *help;    /* one line */
};

struct fc_backend {
    const char *name;
    bool is_for_users; /* users may declare instances of it: it opens no device */
    const struct fc_option *options;

    /*
     * Makes the state of an instance. Owned by the core, given to every other slot as `self`, ended by
     * `instance_free`. `directory` is the folder of the configuration file that declares the instance.
     * NULL when out of memory.
     */
    void *(*instance_new)(struct fc_instance *instance, const char *directory);

    /* Ends the state. Takes NULL and states in which any other slot failed. */
    void (*instance_free)(void *self);

    /*
     * Applies one option that the table names: first those of [backend NAME] with FC_SCOPE_BACKEND as
     * defaults, then those of the instance. Only reads text: no file, socket or name is touched.
     * -EINVAL with `reason` filled, or -ENOMEM.
     */
    int (*configure)(void *self, enum fc_scope scope, const char *option, const char *value,
                     struct fc_reason *reason);

    /* Optional. Called once after the last option: what must be set, what contradicts. As `configure`. */
    int (*configured)(void *self, struct fc_reason *reason);

    /*
     * Optional. Two spellings of one channel become one: writes the canonical form of `name` with its NUL
     * to `canonical`. -EINVAL with `reason` filled if it is no name for a channel.
     */
    int (*canonical)(void *self, const char *name, char *canonical, size_t bytes, struct fc_reason *reason);

    /*
     * Mappings use the channel in these directions from now on, maybe in none. Ids count 0, 1, 2… in the
     * order in which channels appear; the same id comes again when its directions change, also while the
     * instance runs: then the configuration was read again. -EINVAL with `reason`, or -ENOMEM.
     */
    int (*channel)(void *self, uint32_t id, const char *name, unsigned directions, struct fc_reason *reason);

    /*
     * Opens what the instance needs. The only slot that may take time (a host name is looked up). 0: the
     * instance is up. 1: fc_up() says when. Negative errno: it is down; the core logs it, calls `stop`, and
     * tries again later.
     */
    int (*start)(void *self);

    /* Closes everything that `start` opened. Called after a failed `start` too, and more than once. */
    void (*stop)(void *self);

    /* An event for a channel. Must not call back into routing other than with fc_emit(). */
    void (*set)(void *self, uint32_t channel, double value);

    /* Optional. The same for several events at once, in their order. */
    void (*set_many)(void *self, const uint32_t *channels, const double *values, size_t n);

    /* Optional. Called once after one or more `set` of one turn: the place to send what belongs together. */
    void (*flush)(void *self);

    /*
     * Optional. The show ends: begin what takes time, and return true if fc_quiesced() will be called when it
     * is over. Events emitted until then are still routed.
     */
    bool (*quiesce)(void *self);

    /*
     * Optional. The configuration was read again, and this instance goes on as it is: its options are the
     * same, what `channel` had to say was said. The place to look whether what it depends on has changed.
     */
    void (*refresh)(void *self);

    /*
     * Optional. Takes what is worth keeping from the state of an instance with the same name and other
     * options, which has ended; before `start`.
     */
    void (*inherit)(void *self, void *previous);
};

/* What the core offers to backends. */

/* The instance's name, valid as long as the instance. */
const char *fc_instance_name(const struct fc_instance *instance);

/*
 * The instance has produced an event. Only queues it: no slot of any backend runs inside this call. Values
 * are clamped to 0.0…1.0; an event with a value that is not a number is dropped.
 */
void fc_emit(struct fc_instance *instance, uint32_t channel, double value);

/* Whether the instance is up from now on; for backends whose `start` returns 1. May be said again. */
void fc_up(struct fc_instance *instance, bool up);

/* See the slot `quiesce`. */
void fc_quiesced(struct fc_instance *instance);

/* Counts input that was malformed; the core warns in the log at a bounded rate. `what` is a literal. */
void fc_malformed(struct fc_instance *instance, const char *what);

/*
 * A descriptor being watched. `ready` runs when it is readable or in error (level-triggered) and should
 * handle a bounded amount (FC_WATCH_BUDGET messages) so that other instances get their turn.
 */
struct fc_watch;
typedef void (*fc_watch_fn)(void *userdata);

#define FC_WATCH_BUDGET 64

/* `fd` stays the caller's, and must stay open until fc_watch_free(). 0 or -errno. */
int fc_watch_new(struct fc_watch **watch, struct fc_instance *instance, int fd, fc_watch_fn ready,
                 void *userdata);

/* Takes NULL; returns NULL. */
struct fc_watch *fc_watch_free(struct fc_watch *watch);

#endif
