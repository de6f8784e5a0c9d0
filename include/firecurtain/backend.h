/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contract between the core and a protocol backend, and the main header of this folder.
 *
 * A backend turns a protocol into channels and back. It is a row in the table of broker/build/backends.c, and
 * needs nothing from the core except what this folder declares. broker/backends/loopback.c is the template.
 *
 * Everything here runs in the broker's only thread, or that of a driver. No slot may block: a backend that
 * has to wait watches a descriptor with fc_watch_new(), and host names are looked up with fc_lookup()
 * (lookup.h).
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

struct fc_lookups;

/* Why something in the configuration was refused or is doubtful: one sentence without a full stop, filled by
 * the backend. */
struct fc_reason {
    char text[512];
};

/* Fills `reason` and returns -EINVAL: a slot can end with `return fc_refuse(reason, "…")`. */
int fc_refuse(struct fc_reason *reason, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returned by a slot that has accepted something in the configuration which should be warned of. */
#define FC_DOUBT 1

/* Fills `reason` and returns FC_DOUBT, in the same way. */
int fc_doubt(struct fc_reason *reason, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How a channel is used in the mappings; a channel may be both. */
enum fc_direction {
    FC_SOURCE = 1, /* the instance emits events on it */
    FC_TARGET = 2, /* events are set on it */
};

enum fc_scope {
    FC_SCOPE_BACKEND = 1,  /* [backend NAME] */
    FC_SCOPE_INSTANCE = 2, /* [NAME instance] */
    /* in addition: [backend NAME] counts only for the instances that are declared after it */
    FC_SCOPE_LATER = 4,
};

/* One configuration option. The table of a backend checks names, gives suggestions and documents itself. */
struct fc_option {
    const char *name; /* "/" and "x." accept every name that begins so, "*" any; NULL ends the table */
    unsigned scopes;  /* enum fc_scope, or-ed */
    bool repeatable; /* every assignment counts; otherwise only the last one, and a second one is warned of */
    const char *example; /* a value as in a configuration file */
    const char *help;    /* one line */
};

/* What the console shows for a channel. */
struct fc_control {
    const char *kind;  /* button, toggle, fader or text */
    const char *label; /* belongs to the backend */
    unsigned place;    /* among those of the instance */
};

struct fc_driver;

struct fc_backend {
    const char *name;
    bool is_for_users;     /* users may declare instances of it: it opens no device */
    bool is_for_operators; /* operators may emit events of its instances by hand: that is what they are for */

    /*
     * NULL: it runs in the broker. Otherwise each of its instances runs in a driver, a process of its own
     * that opens nothing but what this says (driver.h); the slots from `start` on are called there, and the
     * broker's row need not have them. The others are called in both, on the same options.
     */
    const struct fc_driver *driver;
    const struct fc_option *options;

    /*
     * Makes the state of an instance. Owned by the core, given to every other slot as `self`, ended by
     * `instance_free`. `directory` is the folder of the configuration file that declares the instance.
     * NULL when out of memory.
     */
    void *(*instance_new)(struct fc_instance *instance, const char *directory);

    /* Frees the state. Takes NULL, and states for which any other slot has failed. */
    void (*instance_free)(void *self);

    /*
     * Applies one option that the table names: first those of [backend NAME] with FC_SCOPE_BACKEND as
     * defaults, then those of the instance. Only reads text: no file, socket or name is touched.
     * -EINVAL or FC_DOUBT with `reason` filled, or -ENOMEM.
     */
    int (*configure)(void *self, enum fc_scope scope, const char *option, const char *value,
                     struct fc_reason *reason);

    /* Optional. Called once after the last option, to check for what is missing or contradictory. As
     * `configure`. */
    int (*configured)(void *self, struct fc_reason *reason);

    /*
     * Optional. Called once when all channels are known: `directions` has those of each of them, or-ed. Fills
     * in `reason` and returns true if the instance starts but can hardly do what was meant.
     */
    bool (*is_doubtful)(void *self, unsigned directions, struct fc_reason *reason);

    /*
     * Optional. Makes different spellings of a channel equal: writes the canonical form of `name` with its
     * NUL to `canonical`. -EINVAL with `reason` filled if it is not a name for a channel.
     */
    int (*canonical)(void *self, const char *name, char *canonical, size_t bytes, struct fc_reason *reason);

    /*
     * Says in which directions mappings use a channel from now on, possibly none. Ids count 0, 1, 2… in the
     * order in which channels appear. Called again with the same id when the directions change, which happens
     * while the instance runs if the configuration is read again. -EINVAL or FC_DOUBT with `reason` filled,
     * or -ENOMEM.
     */
    int (*channel)(void *self, uint32_t id, const char *name, unsigned directions, struct fc_reason *reason);

    /*
     * Opens what the instance needs. Returns 0 if the instance is up, 1 if fc_up() will say so, -EINPROGRESS
     * if fc_lookup() has said that names are being looked up, or another negative errno if it cannot start:
     * the core logs that with what fc_because() was told, calls `stop`, and tries again later. After
     * -EINPROGRESS nothing is open, and the core calls `start` again when the names are known, or `stop` if
     * nobody waits for them any more; events may be set in between.
     */
    int (*start)(void *self);

    /* Closes everything that `start` opened. Called also after a failed `start`, and more than once. */
    void (*stop)(void *self);

    /* Sets a channel. Must not call back into the core, except fc_emit(). */
    void (*set)(void *self, uint32_t channel, double value);

    /* Optional. Sets several channels at once, in this order. */
    void (*set_many)(void *self, const uint32_t *channels, const double *values, size_t n);

    /* Optional. Called once after all `set` of a turn: the place to send what belongs together. */
    void (*flush)(void *self);

    /*
     * Optional. Called when the instance is to end: begins what takes time, and returns true if fc_quiesced()
     * will be called when that is done. Events that are emitted until then are still routed.
     */
    bool (*quiesce)(void *self);

    /*
     * Optional. Called when the configuration was read again and the instance goes on with the same options,
     * after `channel`: the place to check whether anything else that it depends on has changed.
     */
    void (*refresh)(void *self);

    /*
     * Optional. Called before `start` to take over what is worth keeping from the state of an instance of the
     * same name, which had other options and has ended.
     */
    void (*inherit)(void *self, void *previous);

    /*
     * Optional. Called after `configured` with each other instance of the backend that is declared before
     * this one: checks whether both can be in one show. -EINVAL, or FC_DOUBT, with `reason` filled.
     */
    int (*beside)(void *self, const void *other, struct fc_reason *reason);

    /*
     * Optional. Says in a few words how a started instance does, for `firecurtain status`. `text` holds the
     * empty string when this is called.
     */
    void (*describe)(const void *self, char *text, size_t bytes);

    /* Optional. Says what the console shows for a channel, if it is one that people use there. */
    bool (*control)(const void *self, const char *name, struct fc_control *control);
};

/* What the core offers to backends. */

/* Returns the instance's name, which is valid as long as the instance. */
const char *fc_instance_name(const struct fc_instance *instance);

#define FC_IDENTITY_BYTES 16

/*
 * Fills in what tells this show apart from all others on any network: random, and always the same for a
 * configuration on a machine. It has the form of a UUID.
 */
void fc_identity(const struct fc_instance *instance, uint8_t identity[FC_IDENTITY_BYTES]);

/* Returns the names that the instance looks up, for fc_lookup() within `start`; NULL without memory. */
struct fc_lookups *fc_instance_lookups(struct fc_instance *instance);

/*
 * Emits an event. Only queues it: no slot of any backend runs inside this call. Values are clamped to
 * 0.0…1.0; an event whose value is not a number is dropped.
 */
void fc_emit(struct fc_instance *instance, uint32_t channel, double value);

/* Says whether the instance is up from now on, for backends whose `start` returns 1. May be called again. */
void fc_up(struct fc_instance *instance, bool up);

/*
 * Says why `start` is about to fail, and what to do: a sentence without a full stop, for the one line that
 * the core logs. Without it, that line has the words for the errno.
 */
void fc_because(struct fc_instance *instance, const struct fc_reason *reason);

/* Says that an instance whose `quiesce` returned true has come to rest. */
void fc_quiesced(struct fc_instance *instance);

/* Notes that something came from outside, sound or not: `status` says how long that is ago. */
void fc_heard(struct fc_instance *instance);

/*
 * Emits an event for what a peer answered: it reports a value that it was sent. What that leads to, through
 * mappings, loopbacks and scripts, is set with fc_answers() being `answers`, which ends loops: at least 1,
 * and more for what goes on for longer.
 */
void fc_emit_answer(struct fc_instance *instance, uint32_t channel, double value, uint32_t answers);

/* Within `set` and `set_many`: the `answers` that led to this event, or the most of several; 0: it is no
 * consequence of one. */
uint32_t fc_answers(const struct fc_instance *instance);

/* Counts malformed input, of which the core warns at a limited rate; the text names its sender and what is
 * wrong. */
void fc_drop(struct fc_instance *instance, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Whether the log may have one more line about what came in, for an option `detect`: each instance has so
 * many a second. Those that it may not have are counted, and the log says how many before the next one.
 */
bool fc_may_detect(struct fc_instance *instance);

/*
 * A descriptor that is being watched. `ready` is called when it is readable or in error (level-triggered),
 * and should handle at most FC_WATCH_BUDGET messages, so that other instances get their turn. It is not
 * called while more events wait to be routed than a turn is for.
 */
struct fc_watch;
typedef void (*fc_watch_fn)(void *userdata);

#define FC_WATCH_BUDGET 64

/* Watches `fd`, which stays the caller's, and must stay open until fc_watch_free(). 0 or -errno. */
int fc_watch_new(struct fc_watch **watch, struct fc_instance *instance, int fd, fc_watch_fn ready,
                 void *userdata);

/* Has `ready` called when the descriptor is writable, too, or not any more. 0 or -errno. */
int fc_watch_output(struct fc_watch *watch, bool is_wanted);

/* Takes NULL; returns NULL. */
struct fc_watch *fc_watch_free(struct fc_watch *watch);

/* A timer, which may be set and set again. It fires once for each time. */
struct fc_timer;
typedef void (*fc_timer_fn)(void *userdata);

#define FC_TIMER_NEVER UINT64_MAX

/*
 * Makes a timer, which is not set. Watches and timers belong to the backend until it frees them: instances
 * that share one may outlive `instance`. 0 or -ENOMEM.
 */
int fc_timer_new(struct fc_timer **timer, struct fc_instance *instance, fc_timer_fn fn, void *userdata);

/* Sets the time of CLOCK_MONOTONIC at which the timer fires, which may be over; or FC_TIMER_NEVER. */
void fc_timer_set(struct fc_timer *timer, uint64_t deadline_ns);

/* Takes NULL; returns NULL. */
struct fc_timer *fc_timer_free(struct fc_timer *timer);

#endif
