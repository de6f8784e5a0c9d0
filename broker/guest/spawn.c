/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts a zygote and has it make workers. Requests are answered in order, so an answer is for the oldest job
 * that was sent. The keeper starts the program, with an empty environment, a socket and a pipe to the log.
 */
#include "broker/guest/spawn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/base/log.h"
#include "broker/base/loop.h"
#include "broker/base/runtime.h"
#include "broker/child/output.h"
#include "broker/child/reaper.h"
#include "broker/keeper/client.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"
#include "proto/pass.h"

#define SPAWN_AT_ONCE  4   /* requests under way: few enough that the socket never fills up */
#define SPAWN_LOG_RATE 100 /* lines a second that a zygote may log */
#define SPAWN_RETRY_NS FC_NS_PER_S
#define SPAWN_STRAY_NS (FC_NS_PER_S / 2) /* a child that the broker knows has been waited for by then */
#define SPAWN_BUDGET   16                /* answers in a turn of the loop */

struct spawner {
    struct runtime *runtime;
    unsigned account;
    pid_t pid;
    pid_t spares[SPAWN_SPARES]; /* made by the zygote, and no workers yet; oldest first */
    unsigned n_spares;
    unsigned n_due; /* spares that the zygote may still make: it makes some after each request */
    int socket;
    struct loop_source *source;
    struct log_source lines;
    struct output *output;
    struct spawn_job *jobs; /* oldest first; those that were sent come before the others */
    struct spawn_job **last;
    unsigned n_sent;
    bool has_namespaces; /* the last worker had some */
    struct timer restart;
    struct timer look; /* for stray children */
    pid_t stray;
};

static void spawner_pump(struct spawner *spawner);

/* A job has pages of its own, which return to the kernel with it: it is large and short-lived. */
int spawn_job_new(struct spawn_job **jobp, void (*done)(void *userdata, pid_t pid), void *userdata)
{
    struct spawn_job *job =
        mmap(NULL, sizeof(*job), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (job == MAP_FAILED)
        return -errno;
    job->done = done;
    job->userdata = userdata;
    for (int i = 0; i < SPAWN_DESCRIPTORS_; i++)
        job->descriptors[i] = -1;
    *jobp = job;
    return 0;
}

struct spawn_job *spawn_job_free(struct spawn_job *job)
{
    if (!job)
        return NULL;
    for (int i = 0; i < SPAWN_DESCRIPTORS_; i++)
        fc_closep(&job->descriptors[i]);
    munmap(job, sizeof(*job));
    return NULL;
}

static struct spawn_job *spawner_take_first(struct spawner *spawner)
{
    struct spawn_job *job = spawner->jobs;

    spawner->jobs = job->next;
    if (!spawner->jobs)
        spawner->last = &spawner->jobs;
    if (job->sent)
        spawner->n_sent--;
    return job;
}

/* Takes the oldest spares from the list and kills them. They are children of the broker. */
static void spawner_end_spares(struct spawner *spawner, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        reaper_end(spawner->runtime->reaper, spawner->spares[i]);
    spawner->n_spares -= n;
    memmove(spawner->spares, spawner->spares + n, spawner->n_spares * sizeof(spawner->spares[0]));
}

static void spawner_add_spare(struct spawner *spawner, pid_t pid)
{
    if (spawner->n_spares == SPAWN_SPARES)
        spawner_end_spares(spawner, 1); /* the zygote keeps no more, so it has given this one up */
    spawner->spares[spawner->n_spares++] = pid;
}

/* Returns the place of a spare in the list, or `n_spares`. */
static unsigned spawner_find_spare(const struct spawner *spawner, pid_t pid)
{
    unsigned i = 0;

    while (i < spawner->n_spares && spawner->spares[i] != pid)
        i++;
    return i;
}

static void spawner_drop_spare(struct spawner *spawner, unsigned place)
{
    memmove(spawner->spares + place, spawner->spares + place + 1,
            (--spawner->n_spares - place) * sizeof(spawner->spares[0]));
}

/* Notes that a spare has become a worker. The zygote tried the older ones first, so they are unusable. */
static void spawner_forget_spare(struct spawner *spawner, pid_t pid)
{
    unsigned place = spawner_find_spare(spawner, pid);

    if (place == spawner->n_spares)
        return;
    spawner_end_spares(spawner, place);
    spawner_drop_spare(spawner, 0);
}

static void spawner_finish_first(struct spawner *spawner, pid_t pid)
{
    struct spawn_job *job = spawner_take_first(spawner);

    spawner_forget_spare(spawner, pid);
    if (!job->cancelled) {
        job->done(job->userdata, pid);
    } else if (pid > 0) {
        reaper_end(spawner->runtime->reaper, pid);
    }
    spawn_job_free(job);
}

/* Ends a spare that has died, of whatever zygote. False if it is none. */
static bool spawner_end_dead_spare(const struct runtime *runtime, pid_t pid)
{
    for (unsigned i = 0; i < runtime->n_accounts; i++) {
        struct spawner *spawner = runtime->accounts[i].spawner;
        unsigned place = spawner ? spawner_find_spare(spawner, pid) : 0;

        if (!spawner || place == spawner->n_spares)
            continue;
        spawner_drop_spare(spawner, place);
        reaper_end(runtime->reaper, pid);
        return true;
    }
    return false;
}

/*
 * Looks for stray children. A zygote that ends between making a process and naming it leaves a child that the
 * broker does not know. It ends by itself, since what it waits for has gone. A child that is still there to
 * be waited for at the next look is such a one, unless it is a spare: nobody else notices the end of one, and
 * the number of a process that somebody has waited for may soon be another's.
 */
static void spawner_look_for_strays(void *userdata)
{
    struct spawner *spawner = userdata;
    siginfo_t info = {0};

    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 && info.si_pid &&
        info.si_pid == spawner->stray) {
        if (!spawner_end_dead_spare(spawner->runtime, info.si_pid))
            waitpid(info.si_pid, NULL, WNOHANG | __WALL);
        info.si_pid = 0;
    } else if (!info.si_pid && !spawner->stray) {
        return;
    }
    spawner->stray = info.si_pid;
    loop_set_timer(spawner->runtime->loop, &spawner->look, fc_now_ns() + SPAWN_STRAY_NS);
}

/* The zygote is gone, or could not be started: fails the jobs that were sent to it, and starts another soon.
 */
static void spawner_lost(struct spawner *spawner)
{
    spawner->source = loop_remove(spawner->source);
    fc_closep(&spawner->socket);
    spawner->socket = -1;
    if (spawner->pid > 0) {
        reaper_end(spawner->runtime->reaper, spawner->pid);
        spawner->pid = 0;
    }
    spawner_end_spares(spawner, spawner->n_spares);
    spawner->output = output_free(spawner->output); /* logs what was left in it */
    while (spawner->n_sent)
        spawner_finish_first(spawner, -EPIPE);
    loop_set_timer(spawner->runtime->loop, &spawner->restart, fc_now_ns() + SPAWN_RETRY_NS);
    spawner->stray = -1; /* looks once more after finding nothing: a stray may still be about to end */
    loop_set_timer(spawner->runtime->loop, &spawner->look, fc_now_ns() + SPAWN_STRAY_NS);
}

/* Whether the zygote may say this. It is not believed: with a hole in it, it would be whoever uses that. */
static bool spawner_may_say(struct spawner *spawner, const struct spawn_reply *reply)
{
    if (reply->is_spare ? !spawner->n_due || spawner_find_spare(spawner, reply->pid) < spawner->n_spares
                        : !spawner->n_sent)
        return false;
    if (reply->pid < 0 && !reply->is_spare)
        return true; /* an error */
    return reply->pid > 1 && reply->pid != spawner->pid &&
           (spawner->account == 0 || keeper_owns(spawner->runtime->keeper, spawner->account, reply->pid));
}

static void spawner_take(struct spawner *spawner, const struct spawn_reply *reply)
{
    if (reply->is_spare) {
        spawner->n_due--;
        spawner_add_spare(spawner, reply->pid);
        return;
    }
    spawner->n_due = SPAWN_SPARES;
    spawner->has_namespaces = reply->in_namespaces;
    spawner_finish_first(spawner, reply->pid);
}

static void spawner_ready(void *userdata, uint32_t events)
{
    struct spawner *spawner = userdata;
    struct spawn_reply reply;
    int r = 0;

    (void)events;
    for (int budget = SPAWN_BUDGET; r == 0 && budget; budget--) {
        r = spawn_receive_reply(spawner->socket, &reply);
        if (r == 0 && !spawner_may_say(spawner, &reply))
            r = -EPROTO;
        if (r == 0)
            spawner_take(spawner, &reply);
    }
    if (r < 0 && r != -EAGAIN) {
        fc_log(FC_LOG_ERROR, NULL, "the zygote %s; starting another",
               r == -EPROTO ? "named a process that is not its own" : "has ended");
        spawner_lost(spawner);
        return;
    }
    spawner_pump(spawner);
}

static int spawner_start(struct spawner *spawner)
{
    FC_AUTO_CLOSE int log = -1;
    int pair[2];
    int r;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    spawner->socket = pair[0];
    spawner->n_due = 0;
    pass_refuse_descriptors(pair[0]);
    r = output_new(&spawner->output, spawner->runtime->loop, &spawner->lines, FC_LOG_ERROR, &log);
    if (r == 0) {
        pid_t pid = keeper_start(spawner->runtime->keeper, spawner->account, pair[1], log);

        if (pid > 0)
            spawner->pid = pid;
        else
            r = pid;
    }
    close(pair[1]);
    if (r == 0)
        r = loop_add(spawner->runtime->loop, &spawner->source, spawner->socket, EPOLLIN, "a zygote",
                     spawner_ready, spawner);
    if (r < 0)
        fc_log(FC_LOG_ERROR, NULL, "cannot start %s: %s", spawner->runtime->worker_path, strerror(-r));
    return r;
}

static void spawner_restart(void *userdata)
{
    struct spawner *spawner = userdata;

    if (spawner_start(spawner) < 0)
        spawner_lost(spawner);
    else
        spawner_pump(spawner);
}

int spawner_new(struct spawner **spawnerp, struct runtime *runtime, unsigned account)
{
    struct spawner *spawner = calloc(1, sizeof(*spawner));
    int r;

    if (!spawner)
        return -ENOMEM;
    spawner->runtime = runtime;
    spawner->account = account;
    spawner->socket = -1;
    spawner->last = &spawner->jobs;
    log_source_init(&spawner->lines, NULL, SPAWN_LOG_RATE);
    spawner->restart = (struct timer){.fn = spawner_restart, .what = "a zygote", .userdata = spawner};
    spawner->look = (struct timer){.fn = spawner_look_for_strays, .what = "a zygote", .userdata = spawner};
    r = spawner_start(spawner);
    if (r < 0) {
        spawner_free(spawner);
        return r;
    }
    *spawnerp = spawner;
    return 0;
}

struct spawner *spawner_free(struct spawner *spawner)
{
    if (!spawner)
        return NULL;
    while (spawner->jobs) {
        spawner->jobs->cancelled = true;
        spawner_finish_first(spawner, -ECANCELED);
    }
    spawner_lost(spawner);
    loop_cancel_timer(spawner->runtime->loop, &spawner->restart);
    loop_cancel_timer(spawner->runtime->loop, &spawner->look);
    log_source_end(&spawner->lines);
    free(spawner);
    return NULL;
}

static void spawner_pump(struct spawner *spawner)
{
    for (struct spawn_job *job = spawner->jobs; job && spawner->n_sent < SPAWN_AT_ONCE; job = job->next) {
        if (job->sent)
            continue;
        if (spawner->socket < 0 || spawn_send_request(spawner->socket, &job->request, job->descriptors) < 0)
            return; /* the zygote is gone or busy: this is called again after its next answer, or by its
                       successor */
        job->sent = true;
        spawner->n_sent++;
    }
}

void spawner_submit(struct spawner *spawner, struct spawn_job *job)
{
    job->next = NULL;
    *spawner->last = job;
    spawner->last = &job->next;
    spawner_pump(spawner);
}

void spawner_cancel(struct spawner *spawner, struct spawn_job *job)
{
    struct spawn_job **slot = &spawner->jobs;

    job->cancelled = true;
    if (job->sent)
        return;
    while (*slot != job)
        slot = &(*slot)->next;
    *slot = job->next;
    if (!*slot)
        spawner->last = slot;
    spawn_job_free(job);
}

bool spawner_has_namespaces(const struct spawner *spawner)
{
    return spawner->has_namespaces;
}
