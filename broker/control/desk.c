/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts the desk at once the first time; after that, the pause before another one doubles, up to a second,
 * and is short again when one has lasted.
 */
#include "broker/control/desk.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/base/log.h"
#include "broker/base/loop.h"
#include "broker/base/restart.h"
#include "broker/base/runtime.h"
#include "broker/child/output.h"
#include "broker/keeper/client.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"
#include "proto/link.h"

#define DESK_LOG_RATE  20                  /* lines a second */
#define DESK_LEAST_NS  (20 * FC_NS_PER_MS) /* before another one is started */
#define DESK_MOST_NS   (FC_NS_PER_S / 2)   /* so that it is back within a second */
#define DESK_LASTED_NS (10 * FC_NS_PER_S)
#define DESK_STUCK_NS  (5 * FC_NS_PER_S) /* without reading anything */
#define DESK_END_MS    500               /* to end by itself, when the broker does */

struct control_desk {
    struct control_desk_spec spec;
    struct link_buffers *buffers;
    struct link *link; /* NULL: there is no desk at the moment */
    struct loop_source *source;
    struct log_source lines;
    struct output *output; /* what it logs */
    pid_t pid;
    int pidfd;
    struct loop_source *death;
    struct timer restart;
    uint64_t pause_ns;
    uint64_t began_ns;
    int failed;        /* why the last start did; 0: it did not */
    bool is_deaf;      /* messages are not wanted now */
    uint64_t stuck_ns; /* since when it reads nothing; 0: it does */
};

static void desk_ready(void *userdata, uint32_t events)
{
    struct control_desk *desk = userdata;

    (void)events;
    desk->spec.ready(desk->spec.userdata);
}

/* Forgets the process; its end was noticed, or is waited for elsewhere. */
static void desk_forget(struct control_desk *desk)
{
    desk->source = loop_remove(desk->source);
    desk->link = link_free(desk->link);
    desk->death = loop_remove(desk->death);
    fc_closep(&desk->pidfd);
    desk->pidfd = -1;
    desk->pid = 0;
    desk->output = output_free(desk->output);
}

static void desk_restart_later(struct control_desk *desk)
{
    uint64_t now_ns = fc_now_ns();

    if (now_ns - desk->began_ns >= DESK_LASTED_NS)
        desk->pause_ns = 0;
    desk->pause_ns = restart_next_ns(desk->pause_ns, DESK_LEAST_NS, DESK_MOST_NS);
    loop_set_timer(desk->spec.runtime->loop, &desk->restart, now_ns + desk->pause_ns);
}

static void desk_died(void *userdata, uint32_t events)
{
    struct control_desk *desk = userdata;
    int status = 0;

    (void)events;
    if (waitpid(desk->pid, &status, WNOHANG | __WALL) == 0)
        return;
    if (WIFSIGNALED(status))
        fc_log(FC_LOG_ERROR, NULL, "the desk was killed by SIG%s; starting another",
               sigabbrev_np(WTERMSIG(status)));
    else
        fc_log(FC_LOG_ERROR, NULL, "the desk ended with status %d; starting another", WEXITSTATUS(status));
    desk_forget(desk);
    desk_restart_later(desk);
    desk->spec.lost(desk->spec.userdata);
}

/* Starts the process with its end of the link. Its pid, or -errno. */
static pid_t desk_start_process(struct control_desk *desk, int other)
{
    struct runtime *runtime = desk->spec.runtime;
    FC_AUTO_CLOSE int log = -1;
    int r = output_new(&desk->output, runtime->loop, &desk->lines, FC_LOG_ERROR, &log);

    return r < 0 ? r
                 : keeper_start_desk(runtime->keeper, other, log, runtime->control_fd, runtime->console_fd);
}

static int desk_watch_process(struct control_desk *desk)
{
    struct loop *loop = desk->spec.runtime->loop;
    int r;

    desk->pidfd = keeper_open_process(desk->spec.runtime->keeper, desk->pid);
    if (desk->pidfd < 0)
        return desk->pidfd;
    r = loop_add(loop, &desk->death, desk->pidfd, EPOLLIN, "the desk", desk_died, desk);
    return r < 0 ? r
                 : loop_add(loop, &desk->source, link_fd(desk->link), desk->is_deaf ? 0 : EPOLLIN,
                            "a request", desk_ready, desk);
}

static int desk_start(struct control_desk *desk)
{
    const struct desk_message admit = {.type = DESK_ADMIT,
                                       .bytes = desk->spec.admits,
                                       .n_bytes = desk->spec.n_admits * sizeof(*desk->spec.admits)};
    const struct desk_message names = {.type = DESK_NAMES,
                                       .bytes = desk->spec.names,
                                       .n_bytes = strlen(desk->spec.names)};
    FC_AUTO_CLOSE int other = -1;
    int r = link_pair(&desk->link, desk->buffers, &other);

    desk->began_ns = fc_now_ns();
    desk->stuck_ns = 0;
    if (r < 0)
        return r;
    r = desk_start_process(desk, other);
    if (r < 0)
        return r;
    desk->pid = r;
    r = desk_watch_process(desk);
    if (r == 0)
        r = desk_message_send(desk->link, &admit);
    if (r == 0)
        r = desk_message_send(desk->link, &names);
    if (r < 0) {
        keeper_signal(desk->spec.runtime->keeper, desk->pid, SIGKILL);
        waitpid(desk->pid, NULL, __WALL); /* it was just born */
    }
    return r;
}

static void desk_restart(void *userdata)
{
    struct control_desk *desk = userdata;
    int r = desk_start(desk);

    if (r < 0 && r != desk->failed) /* once, as long as the reason is the same */
        fc_log(FC_LOG_ERROR, NULL,
               "cannot start %s, so nobody can ask this broker: %s; trying again until it can",
               desk->spec.runtime->desk_path, strerror(-r));
    desk->failed = r;
    if (r == 0)
        return;
    desk_forget(desk);
    desk_restart_later(desk);
}

int control_desk_new(struct control_desk **deskp, const struct control_desk_spec *spec)
{
    struct control_desk *desk = calloc(1, sizeof(*desk));

    if (!desk)
        return -ENOMEM;
    *desk = (struct control_desk){.spec = *spec, .pidfd = -1};
    log_source_init(&desk->lines, NULL, DESK_LOG_RATE);
    desk->restart = (struct timer){.fn = desk_restart, .what = "the desk", .userdata = desk};
    if (link_buffers_new(&desk->buffers) < 0) {
        free(desk);
        return -ENOMEM;
    }
    desk_restart(desk);
    *deskp = desk;
    return 0;
}

/* Ends the process: it does so by itself when the broker has hung up and it has sent everything. */
static void desk_end(struct control_desk *desk)
{
    struct pollfd ended = {.fd = desk->pidfd, .events = POLLIN};

    desk->source = loop_remove(desk->source);
    desk->link = link_free(desk->link);
    if (poll(&ended, 1, DESK_END_MS) <= 0)
        keeper_signal(desk->spec.runtime->keeper, desk->pid, SIGKILL);
    waitpid(desk->pid, NULL, __WALL);
}

struct control_desk *control_desk_free(struct control_desk *desk)
{
    if (!desk)
        return NULL;
    if (desk->pid)
        desk_end(desk);
    desk_forget(desk);
    loop_cancel_timer(desk->spec.runtime->loop, &desk->restart);
    link_buffers_free(desk->buffers);
    log_source_end(&desk->lines);
    free(desk);
    return NULL;
}

void control_desk_listen(struct control_desk *desk, bool listens)
{
    desk->is_deaf = !listens;
    if (desk->source)
        loop_modify(desk->source, listens ? EPOLLIN : 0);
}

int control_desk_receive(struct control_desk *desk, struct desk_message *message)
{
    int r = desk->link ? desk_message_receive(desk->link, true, message) : -EAGAIN;

    if (r != -EPIPE)
        return r;
    desk->source = loop_remove(desk->source); /* its death follows */
    return -EAGAIN;
}

int control_desk_send(struct control_desk *desk, const struct desk_message *message)
{
    int r = desk->link ? desk_message_send(desk->link, message) : -EPIPE;
    uint64_t now_ns;

    if (r != -EAGAIN) {
        desk->stuck_ns = 0;
        return r;
    }
    now_ns = fc_now_ns();
    if (!desk->stuck_ns)
        desk->stuck_ns = now_ns;
    else if (now_ns - desk->stuck_ns > DESK_STUCK_NS)
        control_desk_kill(desk, "it reads nothing");
    return r;
}

void control_desk_kill(struct control_desk *desk, const char *why)
{
    if (!desk->pid)
        return;
    fc_log(FC_LOG_ERROR, NULL, "the desk is killed: %s", why);
    desk->source = loop_remove(desk->source);
    desk->link = link_free(desk->link);
    keeper_signal(desk->spec.runtime->keeper, desk->pid, SIGKILL);
}
