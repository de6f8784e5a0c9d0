/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See guest.h: the process. Its exit is learnt through its pidfd; its last words are read before its end is
 * told.
 */
#include "broker/guest/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/base/descriptors.h"
#include "broker/base/runtime.h"
#include "broker/gate/policy.h"
#include "broker/guest/private.h"
#include "broker/guest/spawn.h"
#include "broker/keeper/client.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define GUEST_HANDSHAKE_MS 10000 /* from the process to a closed curtain */
#define GUEST_LAST_WORD_MS 200   /* from a process's end to that of its link */

void guest_kill(struct guest *guest)
{
    if (guest->pidfd >= 0 && !guest->exited)
        keeper_signal(guest->runtime->keeper, guest->pid, SIGKILL);
}

void guest_violated(struct guest *guest, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fc_log(FC_LOG_ERROR, guest->spec.instance, "the worker broke the protocol and is ended: %s", text);
    guest->state = ORDER_CLOSED;
    guest_kill(guest);
}

void guest_end(struct guest *guest, const char *why)
{
    fc_log(FC_LOG_ERROR, guest->spec.instance, "ended: %s", why);
    guest->state = ORDER_CLOSED;
    guest_kill(guest);
}

static void guest_finish(void *userdata)
{
    struct guest *guest = userdata;

    loop_cancel_timer(guest->runtime->loop, &guest->deadline);
    guest->out = output_free(guest->out);
    guest->err = output_free(guest->err);
    guest->ops->ended(guest->userdata, guest->why, guest->asked && !guest->late, guest->is_clean);
}

/* The handshake, or stopping, took too long; or a process that is gone has no last word for us. */
static void guest_too_late(void *userdata)
{
    struct guest *guest = userdata;

    if (guest->exited) {
        loop_defer(guest->runtime->loop, &guest->finish);
        return;
    }
    if (!guest->hung_up && guest_is_overdue(guest))
        return;
    guest->late = true;
    if (guest->hung_up)
        fc_log(FC_LOG_ERROR, guest->spec.instance, "closed its link to the broker, killed");
    else
        fc_log(FC_LOG_ERROR, guest->spec.instance, "does not start in time, killed");
    guest->state = ORDER_CLOSED;
    guest_kill(guest);
}

void guest_set_deadline(struct guest *guest, uint64_t ms)
{
    loop_set_timer(guest->runtime->loop, &guest->deadline, fc_now_ns() + ms * FC_NS_PER_MS);
}

static void guest_describe(struct guest *guest, const siginfo_t *info)
{
    guest->is_clean = info->si_code == CLD_EXITED && info->si_status == 0;
    if (guest->fate[0])
        snprintf(guest->why, sizeof(guest->why), "%s: killed", guest->fate);
    else if (info->si_code != CLD_EXITED && info->si_status == SIGSYS)
        snprintf(guest->why, sizeof(guest->why), "killed by SIGSYS: a system call of another architecture");
    else if (info->si_code != CLD_EXITED && guest_is_out_of_memory(guest))
        snprintf(guest->why, sizeof(guest->why), "memory limit (option memory): killed by SIG%s",
                 sigabbrev_np(info->si_status));
    else if (info->si_code != CLD_EXITED)
        snprintf(guest->why, sizeof(guest->why), "killed by SIG%s", sigabbrev_np(info->si_status));
    else if (info->si_status == SPAWN_EXIT_SANDBOX)
        snprintf(guest->why, sizeof(guest->why), "not started, because the curtain could not be closed");
    else
        snprintf(guest->why, sizeof(guest->why), "exit status %d", info->si_status);
}

static uint64_t guest_time_ns(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * FC_NS_PER_S + (uint64_t)time->tv_usec * 1000;
}

static void guest_exited(void *userdata, uint32_t events)
{
    struct guest *guest = userdata;
    siginfo_t info = {0};
    struct rusage used;

    (void)events;
    /* as waitid(), which does not tell what it has used */
    if (syscall(SYS_waitid, P_PIDFD, guest->pidfd, &info, WEXITED | WNOHANG | __WALL, &used) < 0 ||
        !info.si_pid)
        return;
    guest->exited = guest->is_reaped = true;
    guest->cpu_ns = guest_time_ns(&used.ru_utime) + guest_time_ns(&used.ru_stime);
    guest->pid_source = loop_remove(guest->pid_source);
    guest_describe(guest, &info);
    /* its last messages may be in the socket still: the link's end tells that they have come */
    guest_link_receive(guest, true);
    if (guest->state >= ORDER_IMPORTING && guest->state <= ORDER_STOPPING && !guest->hung_up)
        guest_set_deadline(guest, GUEST_LAST_WORD_MS);
    else
        loop_defer(guest->runtime->loop, &guest->finish);
}

static void guest_failed(struct guest *guest, const char *what, int r)
{
    snprintf(guest->why, sizeof(guest->why), "%s: %s", what, strerror(-r));
    guest_kill(guest);
    guest->exited = guest->pid == 0 || guest->pidfd < 0;
    if (guest->exited)
        loop_defer(guest->runtime->loop, &guest->finish);
}

static void guest_spawned(void *userdata, pid_t pid)
{
    struct guest *guest = userdata;
    int r;

    guest->job = NULL;
    if (pid < 0) {
        guest_failed(guest,
                     pid == -EPERM || pid == -ENOSPC || pid == -EUSERS
                         ? "layer \"namespaces\": the kernel refuses new user namespaces (sysctl "
                           "kernel.unprivileged_userns_clone, user.max_user_namespaces)"
                         : "the zygote could not fork",
                     pid);
        return;
    }
    guest->pid = pid;
    guest->pidfd = pidfd_open(pid, 0);
    r = guest->pidfd < 0
            ? -errno
            : loop_add(guest->runtime->loop, &guest->pid_source, guest->pidfd, EPOLLIN, guest_exited, guest);
    if (r < 0) {
        keeper_signal(guest->runtime->keeper, pid, SIGKILL);
        waitpid(pid, NULL, __WALL);
        fc_closep(&guest->pidfd);
        guest->pidfd = -1;
        guest_failed(guest, "the worker cannot be watched", r);
        return;
    }
    guest_set_deadline(guest, GUEST_HANDSHAKE_MS);
    guest_link_receive(guest, false); /* what it said meanwhile can be believed now */
}

static const struct runtime_account *guest_account(const struct guest *guest)
{
    return &guest->runtime->accounts[guest->spec.account];
}

static int guest_copy_strings(char *block, const struct guest_strings *strings)
{
    if (strings->n_bytes > SPAWN_MAX_READ_BYTES)
        return -ENAMETOOLONG;
    if (strings->n_bytes)
        memcpy(block, strings->text, strings->n_bytes);
    return 0;
}

static int guest_fill_limits(struct guest *guest, struct spawn_request *request)
{
    request->memory_bytes = guest->spec.memory_bytes;
    request->threads = guest->spec.threads;
    request->file_bytes = guest->spec.file_bytes;
    request->files = guest->spec.files;
    request->n_reads = guest->spec.reads.n;
    request->n_environment = guest->spec.environment.n;
    if (guest_copy_strings(request->reads, &guest->spec.reads) < 0)
        return -ENAMETOOLONG;
    return guest_copy_strings(request->environment, &guest->spec.environment);
}

/*
 * The descriptors of the trees, in their order. As root, the folders are handed over as mounts: the worker's
 * uid may not be able to walk to them.
 */
static int guest_fill_trees(struct guest *guest, struct spawn_job *job, struct keeper_place *place)
{
    struct keeper *keeper = guest->runtime->keeper;
    const char *path = job->request.reads;
    int *fd = &job->descriptors[SPAWN_SCRIPT_TREE];
    unsigned account = guest->spec.account;

    *fd = fc_steal_fd(&place->script_tree);
    if (*fd >= 0)
        *++fd = fc_steal_fd(&place->state_tree);
    for (uint32_t i = 0; *fd >= 0 && i < job->request.n_reads; i++, path += strlen(path) + 1)
        *++fd = keeper_open_shown(keeper, account, path);
    return *fd < 0 ? *fd : 0;
}

static int guest_fill_job(struct guest *guest, struct spawn_job *job, struct keeper_place *place)
{
    struct spawn_request *request = &job->request;
    int r;

    request->network = guest->spec.network;
    request->flags =
        (guest->spec.probe ? SPAWN_PROBE : 0u) | (guest->runtime->no_sandbox ? SPAWN_NO_SANDBOX : 0u);
    request->has_trees = guest->runtime->is_root;
    if (snprintf(request->link, sizeof(request->link), "%s", guest->link_name) >=
            (int)sizeof(request->link) ||
        snprintf(request->script_folder, PATH_MAX, "%s", guest->spec.script_folder) >= PATH_MAX ||
        snprintf(request->state_folder, PATH_MAX, "%s", guest->spec.state_folder) >= PATH_MAX ||
        snprintf(request->hosts, sizeof(request->hosts), "%s", guest->spec.policy->hosts) >=
            (int)sizeof(request->hosts))
        return -ENAMETOOLONG;
    job->descriptors[SPAWN_LINK_FOLDER] = fcntl(guest_account(guest)->link_folder_fd, F_DUPFD_CLOEXEC, 0);
    if (job->descriptors[SPAWN_LINK_FOLDER] < 0)
        return -errno;
    r = guest_fill_limits(guest, request);
    if (r < 0 || !request->has_trees)
        return r;
    r = guest_fill_trees(guest, job, place);
    if (r != -EPERM)
        return r;
    /* root of a container that may not mount: the worker has to find its own way */
    request->has_trees = 0;
    for (int i = SPAWN_SCRIPT_TREE; i < SPAWN_CGROUP; i++) {
        fc_closep(&job->descriptors[i]);
        job->descriptors[i] = -1;
    }
    return 0;
}

/* Pipes to the log. */
static int guest_open_outputs(struct guest *guest, struct spawn_job *job)
{
    const struct guest_spec *spec = &guest->spec;
    struct loop *loop = guest->runtime->loop;
    int r = 0;

    if (spec->probe) {
        job->descriptors[SPAWN_STDOUT] = fcntl(spec->probe_fd, F_DUPFD_CLOEXEC, 0);
        if (job->descriptors[SPAWN_STDOUT] < 0)
            return -errno;
    } else {
        r = output_new(&guest->out, loop, spec->instance, FC_LOG_INFO, spec->log_rate,
                       &job->descriptors[SPAWN_STDOUT]);
    }
    return r < 0 ? r
                 : output_new(&guest->err, loop, spec->instance, FC_LOG_WARNING, spec->log_rate,
                              &job->descriptors[SPAWN_STDERR]);
}

static void guest_close_place(struct keeper_place *place)
{
    fc_closep(&place->listener);
    fc_closep(&place->script_tree);
    fc_closep(&place->state_tree);
}

static int guest_open_link(struct guest *guest, struct keeper_place *place)
{
    bool has_trees = guest->runtime->is_root;
    int r = guest_link_new(guest);

    if (r < 0)
        return r;
    keeper_open_place(guest->runtime->keeper, guest->spec.account, guest->link_name,
                      has_trees ? guest->spec.script_folder : NULL,
                      has_trees ? guest->spec.state_folder : NULL, place);
    return place->listener < 0 ? place->listener : guest_link_open(guest, fc_steal_fd(&place->listener));
}

static int guest_begin(struct guest *guest)
{
    FC_CLEANUP(guest_close_place) struct keeper_place place = {-1, -1, -1};
    struct spawn_job *job;
    int r = descriptors_left(DESCRIPTORS_FOR_WORKER);

    if (r == 0)
        r = spawn_job_new(&job, guest_spawned, guest);
    if (r < 0)
        return r;
    r = guest_open_link(guest, &place);
    if (r == 0)
        r = guest_open_outputs(guest, job);
    if (r == 0)
        r = guest_fill_job(guest, job, &place);
    if (r == 0)
        r = guest_cgroup_open(guest, job);
    if (r < 0) {
        spawn_job_free(job);
        return r;
    }
    guest->job = job;
    spawner_submit(guest_account(guest)->spawner, job);
    return 0;
}

int guest_new(struct guest **guestp, struct runtime *runtime, const struct guest_spec *spec,
              const struct guest_ops *ops, void *userdata)
{
    struct guest *guest = calloc(1, sizeof(*guest));
    int r;

    if (!guest)
        return -ENOMEM;
    guest->runtime = runtime;
    guest->spec = *spec;
    guest->ops = ops;
    guest->userdata = userdata;
    guest->pidfd = -1;
    guest->memory = guest->memory_events = -1;
    guest->deadline = (struct timer){.fn = guest_too_late, .userdata = guest};
    guest->finish = (struct loop_task){.fn = guest_finish, .userdata = guest};
    r = guest_begin(guest);
    if (r < 0) {
        guest_free(guest);
        return r;
    }
    *guestp = guest;
    return 0;
}

struct guest *guest_free(struct guest *guest)
{
    if (!guest)
        return NULL;
    if (guest->job)
        spawner_cancel(guest_account(guest)->spawner, guest->job);
    if (guest->pidfd >= 0 && !guest->exited) {
        siginfo_t info;

        guest_kill(guest);
        waitid(P_PIDFD, (id_t)guest->pidfd, &info, WEXITED | __WALL); /* at once: it was killed */
    }
    guest_link_close(guest);
    guest->gate = gate_free(guest->gate);
    guest_cgroup_close(guest);
    loop_cancel_task(guest->runtime->loop, &guest->finish);
    loop_cancel_timer(guest->runtime->loop, &guest->deadline);
    output_free(guest->out);
    output_free(guest->err);
    loop_remove(guest->pid_source);
    fc_closep(&guest->pidfd);
    fc_closep(&guest->memory);
    free(guest);
    return NULL;
}

bool guest_is_idle(const struct guest *guest)
{
    return guest && guest->state == ORDER_IDLE && !guest->is_reaped && !tick_set_is_overdue(guest->ticks);
}

bool guest_is_busy(const struct guest *guest)
{
    return guest && guest->state == ORDER_BUSY;
}

bool guest_is_running(const struct guest *guest)
{
    return guest && (guest->state == ORDER_IDLE || guest->state == ORDER_BUSY) && !guest->is_reaped;
}

int guest_pid(const struct guest *guest)
{
    return guest ? guest->pid : 0;
}

void guest_usage(const struct guest *guest, struct keeper_usage *usage)
{
    *usage = (struct keeper_usage){0};
    if (guest && guest->exited)
        usage->cpu_ns = guest->cpu_ns;
    else if (guest && guest->pid)
        keeper_usage(guest->runtime->keeper, guest->pid, usage); /* nothing, if it has just ended */
}

void guest_set_ops(struct guest *guest, const struct guest_ops *ops, void *userdata)
{
    guest->ops = ops;
    guest->userdata = userdata;
}

int guest_lend(struct guest *guest, const struct gate_name *name)
{
    return guest ? gate_lend(guest->gate, name) : -EADDRINUSE;
}

bool guest_is_importing(const struct guest *guest)
{
    return guest && (guest->state == ORDER_LOCKING || guest->state == ORDER_IMPORTING);
}

uint32_t guest_missing_handlers(const struct guest *guest)
{
    return guest->missing_handlers;
}

void guest_stop(struct guest *guest)
{
    struct message stop = {.type = MESSAGE_STOP};
    int r;

    guest->asked = true;
    if (!guest_is_running(guest)) {
        guest->state = ORDER_CLOSED;
        guest_kill(guest);
        if (guest->job) {
            snprintf(guest->why, sizeof(guest->why), "before it had begun");
            spawner_cancel(guest_account(guest)->spawner, guest->job);
            guest->job = NULL;
            loop_defer(guest->runtime->loop, &guest->finish);
        }
        return;
    }
    guest->state = ORDER_STOPPING;
    guest_watch(guest, guest->spec.stop_ms);
    stop.time_ns = guest->ops->begins(guest->userdata, GUEST_CLEANUP, NULL);
    r = guest_link_send(guest, &stop);
    if (r < 0)
        guest_violated(guest, "it cannot be told to stop: %s", strerror(-r));
}

unsigned guest_layers(const struct guest *guest)
{
    if (!guest_is_running(guest) || guest->runtime->no_sandbox)
        return 0;
    return (spawner_has_namespaces(guest_account(guest)->spawner) ? GUEST_NAMESPACES : 0u) |
           (guest->gate ? GUEST_FILTER : 0u) | (guest->cgroup[0] ? GUEST_CGROUP : 0u);
}
