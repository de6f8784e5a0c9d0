/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A show: the instances and routes that one configuration describes. Building it touches nothing outside;
 * running it starts and stops what it has.
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
    struct show_change *change; /* to the next one, or NULL */
    struct loop_task *more;     /* queued while the router has something left */
    void (*stopped)(void *userdata, struct fc_instance *instance); /* show_stop_instance() is over; or NULL */
    void *stopped_userdata;
    size_t n_quiescing;
    void (*ended)(void *userdata);
    void *userdata;
    bool has_news; /* an instance came up or went down: set here, cleared by whom it interests */
};

struct show_health {
    size_t n;
    size_t n_up;
    size_t n_starting; /* neither was up so far nor has failed to be */
};

/* NULL if there is none. */
struct user *show_find_user(const struct show *show, const char *name);

/* Stops what runs; the show must not be changing (show_change_cancel()). Takes NULL; returns NULL. */
struct show *show_free(struct show *show);

/* Starts all instances; `runtime` outlives the show. One that cannot start is logged and tried again each
 * second; the others run. */
void show_start(struct show *show, struct runtime *runtime);

/* An instance that was asked to end has come to rest: see fc_quiesced(). */
void show_instance_quiesced(struct fc_instance *instance);

/* An instance has come up or gone down: see fc_up(). */
void show_instance_up(struct fc_instance *instance, bool up);

/* Starts one of them, as show_start() does. */
void show_start_instance(struct fc_instance *instance);

/*
 * Lets one of them clean up and end; it stays so, also when the configuration is read again and has not
 * changed for it, until show_start_instance(). With `again` it starts at once. `show->stopped` is called when
 * that is done, never from within this call. -EBUSY while the show changes or ends.
 */
int show_stop_instance(struct fc_instance *instance, uid_t by, bool again);

/*
 * Ends all instances, or those that leave; `ended` is called when that is over, maybe from within this call,
 * and not at all if there is another call before.
 */
void show_quiesce(struct show *show, bool all, void (*ended)(void *userdata), void *userdata);

/*
 * Makes `next`, which was built from a new configuration, of a running show. Instances whose options and
 * folder are the same go on as they are, whatever their mappings; the others of the running show end. When
 * they have, the routes change between two events, the new instances start, and `changed` is called, never
 * from within this call, with `next`; `show` is freed then. 0, and both shows are this function's; or
 * -ENOMEM.
 */
int show_change(struct show *show, struct show *next, void (*changed)(void *userdata, struct show *show),
                void *userdata);

/* The show is to end as it is. */
void show_change_cancel(struct show *show);

/* How many instances there are, and how they are. */
void show_health(const struct show *show, struct show_health *health);

/* Routes what was emitted; to be called at the end of each turn of the loop. */
void show_route(struct show *show);

#endif
