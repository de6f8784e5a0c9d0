/* SPDX-License-Identifier: BSD-2-Clause */
/* What the core offers to backends: all of include/firecurtain/backend.h except fc_refuse() and fc_doubt().
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "broker/base/loop.h"
#include "broker/base/runtime.h"
#include "broker/show/instance.h"
#include "broker/show/route.h"
#include "broker/show/show.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

const char *fc_instance_name(const struct fc_instance *instance)
{
    return instance->name;
}

struct fc_lookups *fc_instance_lookups(struct fc_instance *instance)
{
    return show_instance_lookups(instance);
}

void fc_because(struct fc_instance *instance, const struct fc_reason *reason)
{
    instance->because = *reason;
}

void fc_up(struct fc_instance *instance, bool up)
{
    show_instance_up(instance, up);
}

void fc_quiesced(struct fc_instance *instance)
{
    show_instance_quiesced(instance);
}

struct fc_watch {
    struct loop_source *source;
    fc_watch_fn ready;
    void *userdata;
};

void fc_emit(struct fc_instance *instance, uint32_t channel, double value)
{
    instance->n_emitted++;
    router_emit(&instance->show->router, ROUTE_BACKEND, instance, &channel, &value, 1);
}

void fc_heard(struct fc_instance *instance)
{
    instance->heard_ns = fc_now_ns();
}

void fc_emit_answer(struct fc_instance *instance, uint32_t channel, double value, uint32_t answers)
{
    struct router *router = &instance->show->router;
    uint32_t before = router->answers;

    router->answers = answers < UINT16_MAX ? answers : UINT16_MAX;
    fc_emit(instance, channel, value);
    router->answers = before;
}

uint32_t fc_answers(const struct fc_instance *instance)
{
    return instance->show->router.answers;
}

void fc_drop(struct fc_instance *instance, const char *format, ...)
{
    char what[400];
    va_list arguments;

    instance->malformed++;
    if (!fc_once_a_second(&instance->malformed_logged_ns))
        return;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    fc_log(FC_LOG_WARNING, instance->name, "malformed input dropped: %s (%llu since the last such message)",
           what, (unsigned long long)(instance->malformed - instance->malformed_logged));
    instance->malformed_logged = instance->malformed;
}

static void watch_ready(void *userdata, uint32_t events)
{
    struct fc_watch *watch = userdata;

    (void)events;
    watch->ready(watch->userdata);
}

int fc_watch_new(struct fc_watch **watchp, struct fc_instance *instance, int fd, fc_watch_fn ready,
                 void *userdata)
{
    struct fc_watch *watch = calloc(1, sizeof(*watch));
    int r;

    if (!watch)
        return -ENOMEM;
    watch->ready = ready;
    watch->userdata = userdata;
    r = loop_add(instance->show->runtime->loop, &watch->source, fd, EPOLLIN, "input of a backend",
                 watch_ready, watch);
    if (r < 0) {
        free(watch);
        return r;
    }
    *watchp = watch;
    return 0;
}

struct fc_watch *fc_watch_free(struct fc_watch *watch)
{
    if (!watch)
        return NULL;
    loop_remove(watch->source);
    free(watch);
    return NULL;
}

struct fc_timer {
    struct timer timer;
    struct loop *loop;
};

int fc_timer_new(struct fc_timer **timerp, struct fc_instance *instance, fc_timer_fn fn, void *userdata)
{
    struct fc_timer *timer = calloc(1, sizeof(*timer));

    if (!timer)
        return -ENOMEM;
    timer->timer = (struct timer){.fn = fn, .what = "a timer of a backend", .userdata = userdata};
    timer->loop = instance->show->runtime->loop;
    *timerp = timer;
    return 0;
}

void fc_timer_set(struct fc_timer *timer, uint64_t deadline_ns)
{
    if (deadline_ns == FC_TIMER_NEVER)
        loop_cancel_timer(timer->loop, &timer->timer);
    else
        loop_set_timer(timer->loop, &timer->timer, deadline_ns);
}

struct fc_timer *fc_timer_free(struct fc_timer *timer)
{
    if (!timer)
        return NULL;
    loop_cancel_timer(timer->loop, &timer->timer);
    free(timer);
    return NULL;
}
