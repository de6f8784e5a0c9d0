/* SPDX-License-Identifier: BSD-2-Clause */
/* See show.h: running it, and what the core offers to backends. */
#include "broker/show/show.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "broker/base/loop.h"
#include "broker/base/runtime.h"
#include "broker/os/notify.h"
#include "broker/show/user.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define SHOW_FIRST_RETRY_NS FC_NS_PER_S
#define SHOW_LAST_RETRY_NS  (30 * FC_NS_PER_S) /* a name that cannot be looked up takes a while each time */

static void show_forget_instance(struct fc_instance *instance)
{
    loop_cancel_timer(instance->show->runtime->loop, &instance->retry);
    loop_cancel_task(instance->show->runtime->loop, &instance->after_stop);
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
    assert(!show->change); /* whoever ends a show cancels its change first */
    HASH_CLEAR(hh, show->by_name);
    for (size_t i = 0; i < show->n_instances; i++) {
        if (show->runtime)
            show_forget_instance(show->instances[i]);
        instance_free(show->instances[i]);
    }
    if (show->more) {
        loop_cancel_task(show->runtime->loop, show->more);
        free(show->more);
    }
    free(show->instances);
    for (size_t i = 0; i < show->n_users; i++)
        user_free(show->users[i]);
    free(show->users);
    router_deinit(&show->router);
    free(show->path);
    free(show);
    return NULL;
}

static void show_retry(void *userdata)
{
    show_start_instance(userdata);
}

void show_start_instance(struct fc_instance *instance)
{
    uint64_t began_ns = fc_now_ns();
    int r;

    loop_cancel_timer(instance->show->runtime->loop, &instance->retry);
    instance->is_stopped = false;
    r = instance->backend->start(instance->self);
    instance->start_took_ns = fc_now_ns() - began_ns;
    if (r >= 0) {
        instance->started = true;
        if (r == 0)
            show_instance_up(instance, true);
        return;
    }
    show_instance_up(instance, false);
    instance->backend->stop(instance->self);
    instance->retry_ns = instance->retry_ns ? instance->retry_ns * 2 : SHOW_FIRST_RETRY_NS;
    if (instance->retry_ns > SHOW_LAST_RETRY_NS)
        instance->retry_ns = SHOW_LAST_RETRY_NS;
    fc_log(FC_LOG_ERROR, instance->name, "cannot start: %s; trying again in %llu s", strerror(-r),
           (unsigned long long)(instance->retry_ns / FC_NS_PER_S));
    instance->retry = (struct timer){.fn = show_retry, .userdata = instance};
    loop_set_timer(instance->show->runtime->loop, &instance->retry, fc_now_ns() + instance->retry_ns);
}

void show_start(struct show *show, struct runtime *runtime)
{
    show->runtime = runtime;
    if (!show->n_instances)
        fc_log(FC_LOG_WARNING, NULL, "the configuration has no instances: there is nothing to do");
    for (size_t i = 0; i < show->n_instances; i++) {
        notify_alive(runtime->notify); /* name servers that do not answer are no reason to be killed */
        show_start_instance(show->instances[i]);
    }
    show->has_news = true;
}

void show_instance_up(struct fc_instance *instance, bool up)
{
    instance->settled = true;
    instance->up = up;
    instance->show->has_news = true;
}

void show_health(const struct show *show, struct show_health *health)
{
    *health = (struct show_health){.n = show->n_instances};
    for (size_t i = 0; i < show->n_instances; i++) {
        health->n_up += show->instances[i]->up;
        health->n_starting += !show->instances[i]->settled;
    }
}

static void show_more(void *userdata)
{
    (void)userdata; /* only keeps the loop from sleeping: it routes at the end of its turn */
}

void show_route(struct show *show)
{
    if (!router_run(&show->router))
        return;
    if (!show->more)
        show->more = calloc(1, sizeof(*show->more));
    if (!show->more)
        return; /* the rest goes with the next event */
    show->more->fn = show_more;
    loop_defer(show->runtime->loop, show->more);
}

void show_instance_quiesced(struct fc_instance *instance)
{
    struct show *show = instance->show;

    if (!instance->quiescing)
        return;
    instance->quiescing = false;
    if (instance->is_stopping)
        loop_defer(show->runtime->loop, &instance->after_stop);
    if (--show->n_quiescing == 0 && show->ended)
        show->ended(show->userdata);
}

/* Asked once only. Not started: there is nothing to end. */
static void show_quiesce_instance(struct fc_instance *instance)
{
    struct show *show = instance->show;

    loop_cancel_timer(show->runtime->loop, &instance->retry);
    if (instance->is_ending || !instance->started || !instance->backend->quiesce)
        return;
    instance->is_ending = true;
    instance->quiescing = instance->backend->quiesce(instance->self);
    show->n_quiescing += instance->quiescing;
}

void show_quiesce(struct show *show, bool all, void (*ended)(void *userdata), void *userdata)
{
    show->ended = ended;
    show->userdata = userdata;
    show->n_quiescing++; /* this function: nobody is the last before all were asked */
    for (size_t i = 0; i < show->n_instances; i++) {
        if (all || show->instances[i]->leaves)
            show_quiesce_instance(show->instances[i]);
    }
    if (--show->n_quiescing == 0)
        show->ended(show->userdata);
}

/* In a turn of its own: it was not for the backend to be stopped from within its own call. */
static void show_after_stop(void *userdata)
{
    struct fc_instance *instance = userdata;
    struct show *show = instance->show;
    bool ends = instance->leaves || (show->ended && !show->change);

    instance->is_stopping = instance->is_ending = instance->started = false;
    instance->is_stopped = true;
    instance->backend->stop(instance->self);
    if (instance->starts_again && !ends) {
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

    if (show->change || show->ended)
        return -EBUSY;
    instance->stopped_by = by;
    instance->starts_again = again;
    if (instance->is_stopping)
        return 0;
    instance->is_stopping = true;
    instance->after_stop = (struct loop_task){.fn = show_after_stop, .userdata = instance};
    show_quiesce_instance(instance);
    if (!instance->quiescing)
        loop_defer(show->runtime->loop, &instance->after_stop);
    return 0;
}
