/*
 * A show: the instances and routes that one configuration describes. Building it touches nothing outside;
 * running it starts and stops what it has.
 */
#ifndef BROKER_SHOW_H
#define BROKER_SHOW_H

#include <stdbool.h>

#include "broker/config.h"
#include "broker/instance.h"
#include "broker/route.h"

struct runtime;

struct show {
    struct runtime *runtime; /* NULL before it is started */
    char *path;              /* of the configuration, absolute */
    struct fc_instance **instances;
    size_t n_instances;
    struct fc_instance *by_name; /* hash */
    struct router router;
    struct loop_task *more; /* queued while the router has something left */
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

/*
 * Makes a show from a configuration without errors so far; finds those that need knowledge of the backends
 * and adds them to `config`. Returns 0 with *show set only if there are none, -EINVAL if there are, -ENOMEM.
 * With `check_scripts`, scripts are looked at too, and what is missing there is an error. `config` need not
 * outlive the show.
 */
int show_build(struct show **show, struct config *config, const char *path, bool check_scripts);

/* Everything that scripts may see beside their private folders. 0 or -ENOMEM. */
int show_collect_shown(const struct show *show, struct path_set *shown);

/* Stops what runs. Takes NULL; returns NULL. */
struct show *show_free(struct show *show);

/* Starts all instances; `runtime` outlives the show. One that cannot start is logged and tried again each
 * second; the others run. */
void show_start(struct show *show, struct runtime *runtime);

/* How many instances there are, and how they are. */
void show_health(const struct show *show, struct show_health *health);

/* Ends all instances in order; `ended` is called when that is over, maybe from within this call. */
void show_quiesce(struct show *show, void (*ended)(void *userdata), void *userdata);

/* Routes what was emitted; to be called at the end of each turn of the loop. */
void show_route(struct show *show);

#endif
