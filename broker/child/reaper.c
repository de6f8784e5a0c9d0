/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Children that end. The broker polls a pidfd of each, which becomes readable when the kernel is done with
 * the process; only then is it waited for.
 */
#include "broker/child/reaper.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/base/loop.h"
#include "broker/keeper/client.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define REAPER_RETRY_NS (100 * FC_NS_PER_MS)
#define REAPER_END_MS   2000 /* at the end of the broker: a killed process whose memory is freed, or traced */

struct reaper {
    struct loop *loop;
    struct keeper *keeper;
    struct reaper_child *children;
    struct reaper_turn *turns; /* in no order */
};

struct reaper_child {
    struct reaper *reaper;
    pid_t pid;
    int pidfd;
    struct loop_source *source; /* NULL while the timer runs */
    struct timer again;
    struct timer late; /* not set: it was killed */
    unsigned account;
    struct reaper_child *next;
    char cgroup[96];
    char instance[]; /* empty if it is no worker */
};

static bool reaper_has(const struct reaper *reaper, const char *instance)
{
    for (const struct reaper_child *child = reaper->children; child; child = child->next) {
        if (strcmp(child->instance, instance) == 0)
            return true;
    }
    return false;
}

/* Lets those go on that waited for workers of the instance. Each may have others wait, or forget them. */
static void reaper_release(struct reaper *reaper, const char *instance)
{
    struct reaper_turn **link = &reaper->turns;

    while (*link) {
        struct reaper_turn *turn = *link;

        if (strcmp(turn->instance, instance) != 0) {
            link = &turn->next;
            continue;
        }
        *link = turn->next;
        turn->is_waiting = false;
        turn->fn(turn->userdata);
        link = &reaper->turns;
    }
}

/* Forgets a child that has been waited for. */
static void reaper_gone(struct reaper_child *child)
{
    struct reaper *reaper = child->reaper;
    struct reaper_child **link = &reaper->children;

    while (*link != child)
        link = &(*link)->next;
    *link = child->next;
    loop_cancel_timer(reaper->loop, &child->again);
    loop_cancel_timer(reaper->loop, &child->late);
    loop_remove(child->source);
    fc_closep(&child->pidfd);
    if (child->cgroup[0])
        keeper_remove_cgroup(reaper->keeper, child->account, child->cgroup);
    if (child->instance[0] && !reaper_has(reaper, child->instance))
        reaper_release(reaper, child->instance);
    free(child);
}

/*
 * Waits for a child that has ended. False if it has not, or if whoever traces it has not been told yet: a
 * blocking call would wait for that.
 */
static bool reaper_has_ended(const struct reaper_child *child)
{
    siginfo_t info = {0};
    bool is_open = child->pidfd >= 0;

    return waitid(is_open ? P_PIDFD : P_PID, (id_t)(is_open ? child->pidfd : child->pid), &info,
                  WEXITED | WNOHANG | __WALL) < 0 || /* it has been waited for */
           info.si_pid;
}

static void reaper_ready(void *userdata, uint32_t events)
{
    struct reaper_child *child = userdata;

    (void)events;
    if (reaper_has_ended(child)) {
        reaper_gone(child);
        return;
    }
    /* it has ended, but somebody who traces it has not been told yet: it would be readable all the time */
    child->source = loop_remove(child->source);
    loop_set_timer(child->reaper->loop, &child->again, fc_now_ns() + REAPER_RETRY_NS);
}

/* Polls it; without a descriptor or memory for that, it is tried later. */
static void reaper_watch(struct reaper_child *child)
{
    struct reaper *reaper = child->reaper;

    if (child->pidfd < 0)
        child->pidfd = keeper_open_process(reaper->keeper, child->pid);
    if (child->pidfd < 0 || loop_add(reaper->loop, &child->source, child->pidfd, EPOLLIN,
                                     "the end of a process", reaper_ready, child) < 0)
        loop_set_timer(reaper->loop, &child->again, fc_now_ns() + REAPER_RETRY_NS);
}

static void reaper_again(void *userdata)
{
    struct reaper_child *child = userdata;

    if (child->pidfd < 0 && reaper_has_ended(child))
        reaper_gone(child);
    else
        reaper_watch(child);
}

int reaper_new(struct reaper **reaperp, struct loop *loop, struct keeper *keeper)
{
    struct reaper *reaper = calloc(1, sizeof(*reaper));

    if (!reaper)
        return -ENOMEM;
    reaper->loop = loop;
    reaper->keeper = keeper;
    *reaperp = reaper;
    return 0;
}

static void reaper_late(void *userdata)
{
    struct reaper_child *child = userdata;

    keeper_signal(child->reaper->keeper, child->pid, SIGKILL);
}

/* Lets a child that was let go have the rest of its time, and one that was killed a moment for its end. */
static void reaper_wait(struct reaper_child *child)
{
    struct pollfd ended = {.fd = child->pidfd, .events = POLLIN}; /* of -1, poll() only waits */
    uint64_t now_ns = fc_now_ns();

    if (child->late.position) {
        uint64_t left_ns = child->late.deadline_ns > now_ns ? child->late.deadline_ns - now_ns : 0;

        if (poll(&ended, 1, (int)(left_ns / FC_NS_PER_MS)) <= 0)
            reaper_late(child);
    }
    if (!reaper_has_ended(child) && poll(&ended, 1, REAPER_END_MS) >= 0)
        reaper_has_ended(child);
}

struct reaper *reaper_free(struct reaper *reaper)
{
    while (reaper && reaper->children) {
        reaper_wait(reaper->children);
        reaper_gone(reaper->children);
    }
    free(reaper);
    return NULL;
}

/* Begins to watch a child. NULL: there is no memory. */
static struct reaper_child *reaper_add(struct reaper *reaper, const struct reaper_worker *worker)
{
    size_t bytes = strlen(worker->instance) + 1;
    struct reaper_child *child = calloc(1, sizeof(*child) + bytes);

    assert(worker->pid > 1);
    if (!child)
        return NULL;
    child->reaper = reaper;
    child->pid = worker->pid;
    child->pidfd = -1;
    child->account = worker->account;
    child->again = (struct timer){.fn = reaper_again, .what = "the end of a process", .userdata = child};
    child->late = (struct timer){.fn = reaper_late, .what = "the end of a process", .userdata = child};
    snprintf(child->cgroup, sizeof(child->cgroup), "%s", worker->cgroup);
    memcpy(child->instance, worker->instance, bytes);
    child->next = reaper->children;
    reaper->children = child;
    reaper_watch(child);
    return child;
}

void reaper_end_worker(struct reaper *reaper, const struct reaper_worker *worker)
{
    keeper_signal(reaper->keeper, worker->pid, SIGKILL);
    if (reaper_add(reaper, worker))
        return;
    waitpid(worker->pid, NULL, WNOHANG | __WALL); /* without memory it may stay a zombie */
    if (worker->cgroup[0])
        keeper_remove_cgroup(reaper->keeper, worker->account, worker->cgroup);
}

void reaper_let_go(struct reaper *reaper, pid_t pid, const char *instance, uint64_t deadline_ns)
{
    const struct reaper_worker worker = {.pid = pid, .instance = instance, .cgroup = ""};
    struct reaper_child *child = reaper_add(reaper, &worker);

    if (child)
        loop_set_timer(reaper->loop, &child->late, deadline_ns);
    else
        reaper_end_worker(reaper, &worker);
}

void reaper_end(struct reaper *reaper, pid_t pid)
{
    const struct reaper_worker worker = {.pid = pid, .instance = "", .cgroup = ""};

    reaper_end_worker(reaper, &worker);
}

bool reaper_stand_back(struct reaper *reaper, const char *instance, struct reaper_turn *turn)
{
    if (!reaper_has(reaper, instance))
        return false;
    turn->instance = instance;
    turn->next = reaper->turns;
    turn->is_waiting = true;
    reaper->turns = turn;
    return true;
}

bool reaper_forget(struct reaper *reaper, struct reaper_turn *turn)
{
    struct reaper_turn **link = &reaper->turns;

    if (!turn->is_waiting)
        return false;
    while (*link != turn)
        link = &(*link)->next;
    *link = turn->next;
    turn->is_waiting = false;
    return true;
}
