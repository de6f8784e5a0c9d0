/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop's turns. A source that is removed while its event is in this turn's list is only marked, and freed
 * at the end of the turn.
 */
#include "broker/base/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define LOOP_EVENTS 64 /* per turn; what is left comes in the next one */

/* How long timers, and then tasks, may run in a turn; what is left comes in the next one, before all that
 * comes later. */
#define LOOP_SHARE_NS (FC_NS_PER_MS / 2)

struct loop_source {
    struct loop *loop;
    int fd;
    const char *what;
    loop_fn fn;
    void *userdata;
    bool removed;
    struct loop_source *next_removed;
};

struct loop {
    int epoll_fd;
    int timer_fd;
    struct loop_source *timer_source;
    struct timer_heap timers;
    uint64_t armed_ns;      /* what timer_fd is set to */
    uint64_t running_ns;    /* while timers run: the time up to which they are due */
    struct loop_task tasks; /* head of a ring */
    struct loop_source *removed;
    void (*after)(void *userdata);
    void *after_userdata;
    bool stopped;

    /* the turn at hand: until when its parts are accounted for, and the part that took longest */
    uint64_t accounted_ns;
    uint64_t most_ns;
    const char *most;
    struct loop_slow slow[LOOP_SLOW_KINDS];
    size_t n_slow;
};

static void loop_timer_ready(void *userdata, uint32_t events)
{
    struct loop *loop = userdata;
    uint64_t expirations;

    (void)events;
    if (read(loop->timer_fd, &expirations, sizeof(expirations)) < 0)
        return; /* it has been set again in the meantime */
    loop->armed_ns = TIMER_NEVER;
}

int loop_new(struct loop **loopp)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    int r;

    if (!loop)
        return -ENOMEM;
    loop->tasks.next = loop->tasks.previous = &loop->tasks;
    loop->armed_ns = TIMER_NEVER;
    loop->timer_fd = -1;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd >= 0)
        loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    r = loop->timer_fd < 0 ? -errno
                           : loop_add(loop, &loop->timer_source, loop->timer_fd, EPOLLIN, "the clock",
                                      loop_timer_ready, loop);
    if (r < 0) {
        loop_free(loop);
        return r;
    }
    *loopp = loop;
    return 0;
}

static void loop_bury(struct loop *loop)
{
    while (loop->removed) {
        struct loop_source *source = loop->removed;

        loop->removed = source->next_removed;
        free(source);
    }
}

struct loop *loop_free(struct loop *loop)
{
    if (!loop)
        return NULL;
    loop_remove(loop->timer_source);
    loop_bury(loop);
    fc_closep(&loop->timer_fd);
    fc_closep(&loop->epoll_fd);
    timer_heap_deinit(&loop->timers);
    free(loop);
    return NULL;
}

int loop_add(struct loop *loop, struct loop_source **sourcep, int fd, uint32_t events, const char *what,
             loop_fn fn, void *userdata)
{
    struct loop_source *source = calloc(1, sizeof(*source));
    struct epoll_event event = {.events = events, .data.ptr = source};

    if (!source)
        return -ENOMEM;
    *source = (struct loop_source){.loop = loop, .fd = fd, .what = what, .fn = fn, .userdata = userdata};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        int r = -errno;

        free(source);
        return r;
    }
    *sourcep = source;
    return 0;
}

int loop_modify(struct loop_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};

    return epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event) < 0 ? -errno : 0;
}

struct loop_source *loop_remove(struct loop_source *source)
{
    if (!source)
        return NULL;
    epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
    source->removed = true;
    source->next_removed = source->loop->removed;
    source->loop->removed = source;
    return NULL;
}

void loop_set_timer(struct loop *loop, struct timer *timer, uint64_t deadline_ns)
{
    if (deadline_ns <= loop->running_ns)
        deadline_ns = loop->running_ns + 1; /* in the next turn */
    if (timer_heap_set(&loop->timers, timer, deadline_ns) < 0)
        timer->fn(timer->userdata);
}

void loop_cancel_timer(struct loop *loop, struct timer *timer)
{
    timer_heap_cancel(&loop->timers, timer);
}

void loop_defer(struct loop *loop, struct loop_task *task)
{
    if (task->queued)
        return;
    task->queued = true;
    task->next = &loop->tasks;
    task->previous = loop->tasks.previous;
    task->previous->next = task;
    loop->tasks.previous = task;
}

void loop_cancel_task(struct loop_task *task)
{
    if (!task->queued)
        return;
    task->queued = false;
    task->next->previous = task->previous;
    task->previous->next = task->next;
}

void loop_set_after(struct loop *loop, void (*fn)(void *userdata), void *userdata)
{
    loop->after = fn;
    loop->after_userdata = userdata;
}

const struct loop_slow *loop_slow_turns(const struct loop *loop, size_t *n)
{
    *n = loop->n_slow;
    return loop->slow;
}

/* Accounts for the time since the last part of the turn. */
static void loop_account(struct loop *loop, const char *what)
{
    uint64_t now_ns = fc_now_ns(), took_ns = now_ns - loop->accounted_ns;

    loop->accounted_ns = now_ns;
    if (took_ns <= loop->most_ns)
        return;
    loop->most_ns = took_ns;
    loop->most = what;
}

static struct loop_slow *loop_slow_of(struct loop *loop, const char *what)
{
    for (size_t i = 0; i < loop->n_slow; i++) {
        if (strcmp(loop->slow[i].what, what) == 0)
            return &loop->slow[i];
    }
    if (loop->n_slow < LOOP_SLOW_KINDS) {
        loop->slow[loop->n_slow].what = loop->n_slow + 1 < LOOP_SLOW_KINDS ? what : "others";
        loop->n_slow++;
    }
    return &loop->slow[loop->n_slow - 1];
}

static void loop_count(struct loop *loop, uint64_t took_ns)
{
    struct loop_slow *slow;

    if (took_ns <= LOOP_SLOW_NS)
        return;
    slow = loop_slow_of(loop, loop->most);
    slow->n++;
    if (took_ns > slow->longest_ns)
        slow->longest_ns = took_ns;
}

static void loop_run_timers(struct loop *loop)
{
    uint64_t now_ns, until_ns;
    struct timer *timer;

    if (!loop->timers.n)
        return;
    now_ns = fc_now_ns(); /* once: timers that are set in the meantime wait for the next turn */
    loop->running_ns = now_ns;
    until_ns = now_ns + LOOP_SHARE_NS;
    while (loop->accounted_ns < until_ns && (timer = timer_heap_pop(&loop->timers, now_ns))) {
        const char *what = timer->what ? timer->what : "a timer"; /* which may free itself */

        timer->fn(timer->userdata);
        loop_account(loop, what);
    }
    loop->running_ns = 0;
}

/* Runs the tasks that are queued now; a task that queues itself again waits for the next turn. */
static void loop_run_tasks(struct loop *loop)
{
    struct loop_task mark = {.queued = false};
    uint64_t until_ns = loop->accounted_ns + LOOP_SHARE_NS;

    if (loop->tasks.next == &loop->tasks)
        return;
    loop_defer(loop, &mark);
    while (loop->tasks.next != &mark && loop->accounted_ns < until_ns) {
        struct loop_task *task = loop->tasks.next;
        const char *what = task->what ? task->what : "a task"; /* which may free itself */

        loop_cancel_task(task);
        task->fn(task->userdata);
        loop_account(loop, what);
    }
    loop_cancel_task(&mark);
}

static void loop_arm(struct loop *loop)
{
    uint64_t next_ns = timer_heap_next(&loop->timers);
    struct itimerspec spec = {0};

    if (next_ns == loop->armed_ns)
        return;
    /* a timer that was set too early only wakes the loop once for nothing; a time of 0 would disarm it */
    if (loop->armed_ns < next_ns && next_ns == TIMER_NEVER)
        return;
    spec.it_value.tv_sec = (time_t)(next_ns / FC_NS_PER_S);
    spec.it_value.tv_nsec = (long)(next_ns % FC_NS_PER_S) + (next_ns == 0);
    if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) == 0)
        loop->armed_ns = next_ns;
}

static int loop_turn(struct loop *loop)
{
    struct epoll_event events[LOOP_EVENTS];
    bool busy = loop->tasks.next != &loop->tasks;
    uint64_t began_ns;
    int n;

    if (!busy)
        loop_arm(loop);
    n = epoll_wait(loop->epoll_fd, events, LOOP_EVENTS, busy ? 0 : -1);
    if (n < 0 && errno != EINTR)
        return -errno;
    began_ns = loop->accounted_ns = fc_now_ns();
    loop->most_ns = 0;
    loop->most = "nothing";
    for (int i = 0; i < n; i++) {
        struct loop_source *source = events[i].data.ptr;

        if (source->removed)
            continue;
        source->fn(source->userdata, events[i].events);
        loop_account(loop, source->what);
    }
    loop_run_timers(loop);
    loop_run_tasks(loop);
    if (loop->after) {
        loop->after(loop->after_userdata);
        loop_account(loop, "sending events");
    }
    loop_count(loop, loop->accounted_ns - began_ns);
    loop_bury(loop);
    return 0;
}

int loop_run(struct loop *loop)
{
    int r = 0;

    loop->stopped = false;
    while (r == 0 && !loop->stopped)
        r = loop_turn(loop);
    return r;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}
