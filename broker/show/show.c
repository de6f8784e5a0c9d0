/* SPDX-License-Identifier: BSD-2-Clause */
/* Running a show: starting instances, trying again, stopping one, ending all. */
#include "broker/show/show.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "broker/base/loop.h"
#include "broker/base/restart.h"
#include "broker/base/runtime.h"
#include "broker/os/lookup.h"
#include "broker/os/notify.h"
#include "broker/show/user.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define SHOW_FIRST_RETRY_NS FC_NS_PER_S
#define SHOW_LAST_RETRY_NS  (30 * FC_NS_PER_S)

/* Cancels what would start the instance later. */
static void show_cancel_start(struct fc_instance *instance)
{
    loop_cancel_timer(instance->show->runtime->loop, &instance->retry);
    instance->lookups = lookups_free(instance->lookups);
}

static void show_forget_instance(struct fc_instance *instance)
{
    show_cancel_start(instance);
    loop_cancel_task(&instance->after_stop);
}

struct user *show_find_user(const struct show *show, const char *name)
{
    for (size_t i = 0; i < show->n_users; i++) {
        if (strcmp(show->users[i]->name, name) == 0)
            return show->users[i];
    }
    return NULL;
}

struct show *show_free(struct show *show)
{
    if (!show)
        return NULL;
    assert(!show->change); /* callers that end a show cancel its change first */
    HASH_CLEAR(hh, show->by_name);
    for (size_t i = 0; i < show->n_instances; i++) {
        if (show->runtime)
            show_forget_instance(show->instances[i]);
        instance_free(show->instances[i]);
    }
    loop_cancel_task(&show->more);
    free(show->instances);
    for (size_t i = 0; i < show->n_users; i++)
        user_free(show->users[i]);
    free(show->users);
    router_deinit(&show->router);
    free(show->path);
    free(show);
    return NULL;
}

static void show_try_start(struct fc_instance *instance);

static void show_retry(void *userdata)
{
    show_cancel_start(userdata);
    show_try_start(userdata);
}

/* Notes why the start has failed. */
static void show_note_failure(struct fc_instance *instance, int r)
{
    const char *why = instance->because ? instance->because : strerror(-r);

    if (instance->failed && strcmp(why, instance->failed) == 0) {
        instance->n_failed++;
        return;
    }
    free(instance->failed);
    instance->failed = strdup(why);
    instance->n_failed = 1;
}

const char *show_failure(const struct fc_instance *instance)
{
    return instance->failed ? instance->failed : strerror(ENOMEM); /* that is why nothing was noted */
}

/* Logs the reason in full the first time. */
static void show_say_failed(const struct fc_instance *instance)
{
    unsigned long long seconds = instance->retry_ns / FC_NS_PER_S;

    if (instance->n_failed == 1)
        fc_log(FC_LOG_ERROR, instance->name, "cannot start: %s; trying again in %llu s",
               show_failure(instance), seconds);
    else
        fc_log(FC_LOG_ERROR, instance->name, "cannot start, as before (%llu times); trying again in %llu s",
               (unsigned long long)instance->n_failed, seconds);
}

/* Stops an instance whose start has failed, and sets the time of the next try. */
static void show_start_failed(struct fc_instance *instance, int r)
{
    instance_set_state(instance, INSTANCE_FAILED);
    instance->show->has_news = true;
    instance->backend->stop(instance->self);
    instance->retry_ns = restart_next_ns(instance->retry_ns, SHOW_FIRST_RETRY_NS, SHOW_LAST_RETRY_NS);
    show_note_failure(instance, r);
    show_say_failed(instance);
    instance->retry = (struct timer){.fn = show_retry, .what = "an instance's start", .userdata = instance};
    loop_set_timer(instance->show->runtime->loop, &instance->retry, fc_now_ns() + instance->retry_ns);
}

/* Whether it has not been up or failed so far: somebody may wait for it to come up with the others. */
static bool show_is_first_start(const struct fc_instance *instance)
{
    return instance->state == INSTANCE_NEW || (instance->state == INSTANCE_LOOKING && !instance->retry_ns);
}

/* Starts it, or begins to look up what that needs. */
static void show_try_start(struct fc_instance *instance)
{
    uint64_t began_ns = fc_now_ns();
    int r;

    instance_set_state(instance, show_is_first_start(instance) ? INSTANCE_STARTING : INSTANCE_DOWN);
    free(fc_steal(instance->because));
    r = instance->backend->start(instance->self);
    instance->start_took_ns = fc_now_ns() - began_ns;
    if (r == -EINPROGRESS && lookups_awaited(instance->lookups)) {
        instance_set_state(instance, INSTANCE_LOOKING);
        return;
    }
    instance->lookups = lookups_free(instance->lookups);
    if (r < 0) {
        show_start_failed(instance, r);
        return;
    }
    free(fc_steal(instance->failed));
    if (r == 0)
        show_instance_up(instance, true);
}

void show_start_instance(struct fc_instance *instance)
{
    free(fc_steal(instance->failed)); /* whoever asks for this start is told the reason in full */
    show_cancel_start(instance);
    show_try_start(instance);
}

static void show_names_answered(void *userdata)
{
    show_try_start(userdata);
}

struct fc_lookups *show_instance_lookups(struct fc_instance *instance)
{
    if (!instance->lookups)
        instance->lookups = lookups_new(instance->show->runtime->lookups, instance_account(instance),
                                        show_names_answered, instance);
    return instance->lookups;
}

void show_start(struct show *show, struct runtime *runtime)
{
    show->runtime = runtime;
    show->router.turn_ns = ROUTE_TURN_NS;
    if (!show->n_instances)
        fc_log(FC_LOG_WARNING, NULL, "the configuration has no instances: there is nothing to do");
    for (size_t i = 0; i < show->n_instances; i++) {
        notify_alive(runtime->notify); /* hundreds of starts take a while */
        show_start_instance(show->instances[i]);
    }
    show->has_news = true;
}

void show_instance_up(struct fc_instance *instance, bool up)
{
    enum instance_state state = up ? INSTANCE_UP : INSTANCE_DOWN;

    instance->show->has_news = true;
    if (instance->state != state && instance_may_become(instance->state, state))
        instance_set_state(instance, state); /* one that ends does not come up any more */
}

void show_health(const struct show *show, struct show_health *health)
{
    size_t n_by_sandbox[] = {[INSTANCE_UNTRIED] = 0, [INSTANCE_CONFINED] = 0, [INSTANCE_REFUSED] = 0};

    *health = (struct show_health){.n = show->n_instances};
    for (size_t i = 0; i < show->n_instances; i++) {
        n_by_sandbox[show->instances[i]->sandbox]++;
        health->n_up += show->instances[i]->state == INSTANCE_UP;
        health->n_starting +=
            show->instances[i]->state == INSTANCE_STARTING || show_is_first_start(show->instances[i]);
    }
    health->is_refused = n_by_sandbox[INSTANCE_REFUSED] && !n_by_sandbox[INSTANCE_CONFINED];
}

static void show_more(void *userdata)
{
    (void)userdata; /* only keeps the loop from sleeping: it routes at the end of its turn */
}

void show_route(struct show *show)
{
    bool is_more = router_run(&show->router);

    show->runtime->is_crowded = show->router.n_events > ROUTE_TURN_BUDGET;
    if (!is_more)
        return;
    show->more.fn = show_more;
    loop_defer(show->runtime->loop, &show->more);
}

bool show_is_behind(const struct show *show)
{
    return show->router.is_behind;
}

void show_instance_quiesced(struct fc_instance *instance)
{
    struct show *show = instance->show;

    if (instance->state != INSTANCE_ENDING)
        return;
    instance_set_state(instance, INSTANCE_ENDED);
    if (instance->request != INSTANCE_GO_ON)
        loop_defer(show->runtime->loop, &instance->after_stop);
    if (--show->n_quiescing == 0 && show->ended)
        show->ended(show->userdata);
}

/* Asks an instance to end, unless it was asked before or does not run. */
static void show_quiesce_instance(struct fc_instance *instance)
{
    struct show *show = instance->show;
    bool takes_time;

    show_cancel_start(instance);
    if (!instance_may_become(instance->state, INSTANCE_ENDING) || !instance->backend->quiesce)
        return;
    takes_time = instance->backend->quiesce(instance->self);
    instance_set_state(instance, takes_time ? INSTANCE_ENDING : INSTANCE_ENDED);
    show->n_quiescing += takes_time;
}

void show_quiesce(struct show *show, bool all, void (*ended)(void *userdata), void *userdata)
{
    show->ended = ended;
    show->userdata = userdata;
    show->n_quiescing++; /* this function: no instance is the last one before all were asked */
    for (size_t i = 0; i < show->n_instances; i++) {
        if (all || show->instances[i]->leaves)
            show_quiesce_instance(show->instances[i]);
    }
    if (--show->n_quiescing == 0)
        show->ended(show->userdata);
}

/* Runs in a turn of its own, since a backend must not be stopped from within a call of its own. */
static void show_after_stop(void *userdata)
{
    struct fc_instance *instance = userdata;
    struct show *show = instance->show;
    bool ends = instance->leaves || (show->ended && !show->change);
    bool again = instance->request == INSTANCE_RESTART && !ends;

    instance->request = INSTANCE_GO_ON;
    if (!instance_is_stopped(instance)) /* or else it is to start again */
        instance_set_state(instance, INSTANCE_STOPPED);
    instance->backend->stop(instance->self);
    if (again) {
        instance->retry_ns = 0;
        show_start_instance(instance);
    } else {
        fc_log(FC_LOG_INFO, instance->name, "stopped by uid %u", instance->stopped_by);
    }
    if (show->stopped)
        show->stopped(show->stopped_userdata, instance);
}

int show_stop_instance(struct fc_instance *instance, uid_t by, bool again)
{
    const struct show *show = instance->show;
    bool is_stopping = instance->request != INSTANCE_GO_ON;

    if (show->change || show->ended)
        return -EBUSY;
    instance->stopped_by = by;
    instance->request = again ? INSTANCE_RESTART : INSTANCE_STOP;
    if (is_stopping)
        return 0;
    instance->after_stop =
        (struct loop_task){.fn = show_after_stop, .what = "an instance's end", .userdata = instance};
    show_quiesce_instance(instance);
    if (instance->state != INSTANCE_ENDING)
        loop_defer(show->runtime->loop, &instance->after_stop);
    return 0;
}
