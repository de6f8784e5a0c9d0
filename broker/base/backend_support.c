/* SPDX-License-Identifier: BSD-2-Clause */
/* Watches, timers and dropped input of backends, wherever they run. */
#include "broker/base/backend_support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "broker/base/loop.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

struct fc_watch {
    struct loop_source *source;
    const bool *is_held;
    fc_watch_fn ready;
    void *userdata;
};

static void watch_ready(void *userdata, uint32_t events)
{
    struct fc_watch *watch = userdata;

    (void)events;
    if (!watch->is_held || !*watch->is_held)
        watch->ready(watch->userdata);
}

int backend_watch_new(struct fc_watch **watchp, struct loop *loop, const char *what, const bool *is_held,
                      int fd, fc_watch_fn ready, void *userdata)
{
    struct fc_watch *watch = calloc(1, sizeof(*watch));
    int r;

    if (!watch)
        return -ENOMEM;
    watch->is_held = is_held;
    watch->ready = ready;
    watch->userdata = userdata;
    r = loop_add(loop, &watch->source, fd, EPOLLIN, what, watch_ready, watch);
    if (r < 0) {
        free(watch);
        return r;
    }
    *watchp = watch;
    return 0;
}

int fc_watch_output(struct fc_watch *watch, bool is_wanted)
{
    return loop_modify(watch->source, EPOLLIN | (is_wanted ? EPOLLOUT : 0u));
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

int backend_timer_new(struct fc_timer **timerp, struct loop *loop, const char *what, fc_timer_fn fn,
                      void *userdata)
{
    struct fc_timer *timer = calloc(1, sizeof(*timer));

    if (!timer)
        return -ENOMEM;
    timer->timer = (struct timer){.fn = fn, .what = what, .userdata = userdata};
    timer->loop = loop;
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

bool backend_may_detect(struct log_limit *limit, const char *instance)
{
    if (!limit->rate.per_second)
        log_limit_init(limit, BACKEND_DETECTS, BACKEND_DETECTS);
    if (!log_limit_take(limit, fc_now_ns()))
        return false;
    if (limit->left_out)
        fc_log(FC_LOG_INFO, instance, "%llu more messages came in, of which the log has no line",
               (unsigned long long)limit->left_out);
    limit->left_out = 0;
    return true;
}

void backend_drop(struct backend_drops *drops, const char *instance, const char *format, va_list arguments)
{
    char what[400];

    drops->n++;
    if (!fc_once_a_second(&drops->logged_ns))
        return;
    vsnprintf(what, sizeof(what), format, arguments);
    fc_log(FC_LOG_WARNING, instance, "malformed input dropped: %s (%llu since the last such message)", what,
           (unsigned long long)(drops->n - drops->n_logged));
    drops->n_logged = drops->n;
}
