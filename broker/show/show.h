/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A show: the instances, routes and users that one configuration describes. Making it (build/) touches
 * nothing outside the process; running it starts and stops its instances.
 *
 * This is the folder's main header. The folder runs in the broker. It knows instances only by the contract of
 * firecurtain/backend.h, and must not know any backend, the script backend and recordings included: these
 * fill in the tables of that header and of observer.h. Events come in by route.h; instance.h has the states.
 */
#ifndef BROKER_SHOW_SHOW_H
#define BROKER_SHOW_SHOW_H

#include <stdbool.h>

#include "broker/config/config.h"
#include "broker/show/instance.h"
#include "broker/show/route.h"

struct runtime;
struct show_change;
struct user;
struct users;

struct show {
    struct runtime *runtime; /* NULL before it is started */
    char *path;              /* of the configuration, absolute */
    struct fc_instance **instances;
    size_t n_instances;
    struct user **users;
    size_t n_users;
    struct fc_instance *by_name; /* hash */
    struct router router;
    struct show_change *change; /* to the next show, or NULL */
    struct loop_task more;      /* queued while the router has events left */
    void (*stopped)(void *userdata, struct fc_instance *instance); /* after show_stop_instance(); or NULL */
    void *stopped_userdata;
    size_t n_quiescing;
    void (*ended)(void *userdata); /* set once show_quiesce() was called */
    void *userdata;
    bool has_news; /* an instance came up or went down; the reader clears it */
};

struct show_health {
    size_t n;
    size_t n_up;
    size_t n_starting; /* those that have neither been up nor failed so far */
    bool is_refused;   /* this machine lets no script be confined */
};

/* Returns the user of this name, or NULL. */
struct user *show_find_user(const struct show *show, const char *name);

/* Stops and frees a show, which must not be changing (show_change_cancel()). Takes NULL; returns NULL. */
struct show *show_free(struct show *show);

/*
 * Starts all instances; `runtime` outlives the show. An instance that cannot start is logged and tried again
 * after delays that grow from a second to half a minute; the others run.
 */
void show_start(struct show *show, struct runtime *runtime);

/* Notes that an instance that was asked to end has come to rest: see fc_quiesced(). */
void show_instance_quiesced(struct fc_instance *instance);

/* Notes that an instance has come up or gone down: see fc_up(). */
void show_instance_up(struct fc_instance *instance, bool up);

/*
 * Starts one instance, as show_start() does. If names have to be looked up it is INSTANCE_LOOKING afterwards,
 * and goes on by itself.
 */
void show_start_instance(struct fc_instance *instance);

/* Returns why the last start of an instance failed, whose retry is set. */
const char *show_failure(const struct fc_instance *instance);

/* Returns the names that the instance looks up: see fc_instance_lookups(). */
struct fc_lookups *show_instance_lookups(struct fc_instance *instance);

/*
 * Lets one instance clean up and stop. It stays stopped until show_start_instance(), even if the
 * configuration is read again and has not changed for it. With `again` it is started again instead.
 * `show->stopped` is called when this is done, never from within the call. -EBUSY while the show changes or
 * ends.
 */
int show_stop_instance(struct fc_instance *instance, uid_t by, bool again);

/*
 * Ends all instances, or those that leave. `ended` is called when they have ended, possibly from within this
 * call, and not at all if there is another call before.
 */
void show_quiesce(struct show *show, bool all, void (*ended)(void *userdata), void *userdata);

/* Counts the instances, and those that are up or starting; finds whether scripts can be confined. */
void show_health(const struct show *show, struct show_health *health);

/* Routes the events that were emitted. To be called at the end of each turn of the loop. */
void show_route(struct show *show);

/* Whether the last show_route() had more events than there is time for in a turn. */
bool show_is_behind(const struct show *show);

#endif
