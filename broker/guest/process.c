/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process of a guest, which is a child of the broker. The broker notices its exit through its pidfd, and
 * reads its last messages before it tells anybody that it has ended.
 */
#include "broker/guest/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/base/descriptors.h"
#include "broker/base/runtime.h"
#include "broker/child/output.h"
#include "broker/child/script_path.h"
#include "broker/gate/policy.h"
#include "broker/guest/cgroup.h"
#include "broker/guest/link.h"
#include "broker/guest/memory.h"
#include "broker/guest/private.h"
#include "broker/guest/send.h"
#include "broker/guest/spawn.h"
#include "broker/guest/watchdog.h"
#include "broker/keeper/client.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"
#include "proto/kernel.h"

#define GUEST_HANDSHAKE_MS 10000 /* from the birth of the process until its sandbox is up */

static void guest_finish(void *userdata)
{
    struct guest *guest = userdata;

    loop_cancel_timer(guest->runtime->loop, &guest->deadline);
    guest->out = output_free(guest->out);
    guest->err = output_free(guest->err);
    guest_rescue_outputs(guest);
    guest->ops->ended(guest->userdata, guest->why, guest->ending == GUEST_ASKED,
                      guest->life == GUEST_EXITED_CLEANLY);
}

/* Handles the deadline of the handshake or of stopping. */
static void guest_too_late(void *userdata)
{
    struct guest *guest = userdata;
    bool hung_up = guest->life == GUEST_HUNG_UP;

    if (guest_is_gone(guest) || (!hung_up && watchdog_handle(guest)))
        return;
    guest_set_ending(guest, GUEST_OVERDUE);
    fc_log(FC_LOG_ERROR, guest->spec.instance, "%s; killed",
           hung_up ? "closed its link to the broker" : "did not start in time");
    guest_close(guest);
}

/* Writes how the process ended, for the log. */
static void guest_describe(struct guest *guest, const siginfo_t *info)
{
    if (info->si_code == CLD_EXITED && info->si_status == SPAWN_EXIT_SANDBOX && !guest->is_locked)
        guest->is_refused = true; /* a script could exit with any status, but none has begun */
    if (guest->is_dismissed)
        snprintf(guest->why, sizeof(guest->why), "%s", guest->fate);
    else if (guest->fate[0])
        snprintf(guest->why, sizeof(guest->why), "%s: killed", guest->fate);
    else if (info->si_code != CLD_EXITED && info->si_status == SIGSYS)
        snprintf(guest->why, sizeof(guest->why), "killed by SIGSYS: a system call of another architecture");
    else if (info->si_code != CLD_EXITED && guest_is_out_of_memory(guest))
        snprintf(guest->why, sizeof(guest->why), "memory limit (option memory): killed by SIG%s",
                 sigabbrev_np(info->si_status));
    else if (info->si_code != CLD_EXITED)
        snprintf(guest->why, sizeof(guest->why), "killed by SIG%s", sigabbrev_np(info->si_status));
    else if (guest->is_refused)
        snprintf(guest->why, sizeof(guest->why), "not started: the sandbox could not be set up");
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
    struct rusage used = {0};

    (void)events;
    /* the system call, since waitid() of the C library does not return what the process has used */
    if (syscall(SYS_waitid, P_PIDFD, guest->pidfd, &info, WEXITED | WNOHANG | __WALL, &used) < 0)
        info = (siginfo_t){.si_code = CLD_KILLED, .si_status = SIGKILL}; /* somebody else has waited for it */
    else if (!info.si_pid)
        return;
    guest_set_life(guest,
                   info.si_code == CLD_EXITED && info.si_status == 0 ? GUEST_EXITED_CLEANLY : GUEST_DIED);
    guest->cpu_ns = guest_time_ns(&used.ru_utime) + guest_time_ns(&used.ru_stime);
    guest->pid_source = loop_remove(guest->pid_source);
    guest_memory_forget(guest);
    guest_describe(guest, &info);
    guest_reopen(guest);
    guest_link_receive(guest, true); /* all that it had sent is there */
    loop_defer(guest->runtime->loop, &guest->finish);
}

/* There is no process that can be used. */
static void guest_failed(struct guest *guest, const char *what, int r)
{
    guest->is_refused = kernel_refuses(-r);
    snprintf(guest->why, sizeof(guest->why), "%s: %s", what, strerror(-r));
    guest_set_life(guest, GUEST_DIED);
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
    guest->pidfd = keeper_open_process(guest->runtime->keeper, pid);
    r = guest->pidfd < 0 ? guest->pidfd
                         : loop_add(guest->runtime->loop, &guest->pid_source, guest->pidfd, EPOLLIN,
                                    "a worker's end", guest_exited, guest);
    if (r == 0)
        r = guest_memory_watch(guest);
    if (r == 0)
        r = guest_link_watch(guest); /* what it says can be believed now */
    if (r < 0) {
        guest->pid_source = loop_remove(guest->pid_source);
        reaper_end(guest->runtime->reaper, pid);
        fc_closep(&guest->pidfd);
        guest->pidfd = -1;
        guest_failed(guest, "the worker cannot be watched", r);
        return;
    }
    if (guest->life == GUEST_WANTED)
        guest_set_life(guest, GUEST_ALIVE);
    guest_set_deadline(guest, GUEST_HANDSHAKE_MS);
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
 * Fills in the descriptors of the trees, in their order. A broker that runs as root hands the folders over as
 * mounts, since the worker's uid may not be able to reach them by their paths.
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
    request->flags = (guest->spec.probe ? SPAWN_PROBE : 0u) | (guest->spec.compile ? SPAWN_COMPILE : 0u) |
                     (guest->runtime->no_sandbox ? SPAWN_NO_SANDBOX : 0u);
    request->has_trees = guest->runtime->is_root;
    if (snprintf(request->script_folder, PATH_MAX, "%s", guest->spec.script_folder) >= PATH_MAX ||
        snprintf(request->state_folder, PATH_MAX, "%s", guest->spec.state_folder) >= PATH_MAX ||
        snprintf(request->hosts, sizeof(request->hosts), "%s", guest->spec.policy->hosts) >=
            (int)sizeof(request->hosts))
        return -ENAMETOOLONG;
    r = guest_fill_limits(guest, request);
    if (r < 0 || !request->has_trees)
        return r;
    r = guest_fill_trees(guest, job, place);
    if (r != -EPERM)
        return r;
    /* root in a container without the right to mount: the worker has to open the folders itself */
    request->has_trees = 0;
    for (int i = SPAWN_SCRIPT_TREE; i < SPAWN_CGROUP; i++) {
        fc_closep(&job->descriptors[i]);
        job->descriptors[i] = -1;
    }
    return 0;
}

/* Makes the pipes to the log. */
static int guest_open_outputs(struct guest *guest, struct spawn_job *job)
{
    const struct guest_spec *spec = &guest->spec;
    const struct script_folders folders = {.script = spec->script_folder, .state = spec->state_folder};
    struct loop *loop = guest->runtime->loop;
    int r = 0;

    if (spec->probe) {
        job->descriptors[SPAWN_STDOUT] = fcntl(spec->probe_fd, F_DUPFD_CLOEXEC, 0);
        if (job->descriptors[SPAWN_STDOUT] < 0)
            return -errno;
    } else {
        r = output_new(&guest->out, loop, spec->lines, FC_LOG_INFO, &job->descriptors[SPAWN_STDOUT]);
    }
    if (r == 0)
        r = output_new(&guest->err, loop, spec->lines, FC_LOG_WARNING, &job->descriptors[SPAWN_STDERR]);
    if (r < 0)
        return r;
    if (guest->out)
        output_set_folders(guest->out, &folders);
    output_set_folders(guest->err, &folders);
    return 0;
}

static void guest_close_place(struct keeper_place *place)
{
    fc_closep(&place->script_tree);
    fc_closep(&place->state_tree);
}

/* Gives the job to the zygote; frees it if there is no cgroup for the worker. */
static int guest_submit(struct guest *guest)
{
    int r = guest_cgroup_open(guest, guest->job);

    if (r == 0)
        spawner_submit(guest_account(guest)->spawner, guest->job);
    else
        guest->job = spawn_job_free(guest->job);
    return r;
}

static void guest_submit_late(void *userdata)
{
    struct guest *guest = userdata;
    int r = guest_submit(guest);

    if (r < 0)
        guest_failed(guest, "its cgroup could not be made", r);
}

/* Gives up the worker that was ordered, if it has not been made yet. */
static void guest_withdraw(struct guest *guest)
{
    bool is_waiting = reaper_forget(guest->runtime->reaper, &guest->turn);

    if (is_waiting)
        spawn_job_free(guest->job);
    else if (guest->job)
        spawner_cancel(guest_account(guest)->spawner, guest->job);
    guest->job = NULL;
}

static int guest_begin(struct guest *guest)
{
    FC_CLEANUP(guest_close_place) struct keeper_place place = {-1, -1};
    struct spawn_job *job;
    int r = descriptors_left(DESCRIPTORS_FOR_WORKER);

    if (r == 0)
        r = spawn_job_new(&job, guest_spawned, guest);
    if (r < 0)
        return r;
    if (guest->runtime->is_root)
        keeper_open_place(guest->runtime->keeper, guest->spec.account, guest->spec.script_folder,
                          guest->spec.state_folder, &place);
    r = guest_link_open(guest, &job->descriptors[SPAWN_LINK], &job->descriptors[SPAWN_PROGRESS]);
    if (r == 0)
        r = guest_open_outputs(guest, job);
    if (r == 0)
        r = guest_fill_job(guest, job, &place);
    if (r < 0) {
        spawn_job_free(job);
        return r;
    }
    guest->job = job;
    return reaper_stand_back(guest->runtime->reaper, guest->spec.instance, &guest->turn)
               ? 0
               : guest_submit(guest);
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
    guest->memory_events = -1;
    guest->deadline = (struct timer){.fn = guest_too_late, .what = "a worker's deadline", .userdata = guest};
    guest->finish = (struct loop_task){.fn = guest_finish, .what = "a worker's end", .userdata = guest};
    guest->turn = (struct reaper_turn){.fn = guest_submit_late, .userdata = guest};
    r = guest_begin(guest);
    if (r < 0) {
        guest_free(guest);
        return r;
    }
    *guestp = guest;
    return 0;
}

/* Nobody waits here until the kernel is done with the worker. Its cgroup goes with it. */
static void guest_give_to_reaper(struct guest *guest)
{
    const struct reaper_worker worker = {
        .pid = guest->pid,
        .account = guest->spec.account,
        .instance = guest->spec.instance,
        .cgroup = guest->cgroup,
    };

    guest->pid_source = loop_remove(guest->pid_source);
    reaper_end_worker(guest->runtime->reaper, &worker);
    guest->cgroup[0] = '\0';
}

struct guest *guest_free(struct guest *guest)
{
    if (!guest)
        return NULL;
    guest_withdraw(guest);
    if (guest->pidfd >= 0 && !guest_is_gone(guest))
        guest_give_to_reaper(guest);
    guest_link_close(guest);
    guest->gate = gate_link_free(guest->gate);
    guest_cgroup_close(guest);
    guest_memory_forget(guest);
    loop_cancel_task(&guest->finish);
    loop_cancel_timer(guest->runtime->loop, &guest->deadline);
    output_free(guest->out);
    output_free(guest->err);
    loop_remove(guest->pid_source);
    fc_closep(&guest->pidfd);
    free(guest);
    return NULL;
}

void guest_stop(struct guest *guest)
{
    struct message stop = {.type = MESSAGE_STOP};
    int r;

    guest_set_ending(guest, GUEST_ASKED);
    if (!guest_is_running(guest)) {
        guest_close(guest);
        if (guest->job) {
            snprintf(guest->why, sizeof(guest->why), "stopped before it began");
            guest_set_life(guest, GUEST_DIED);
            guest_withdraw(guest);
            loop_defer(guest->runtime->loop, &guest->finish);
        }
        return;
    }
    guest_set_state(guest, ORDER_STOPPING);
    watchdog_start(guest, guest->spec.stop_ms);
    stop.time_ns = guest->ops->begins(guest->userdata, GUEST_CLEANUP, NULL);
    r = guest_send_message(guest, &stop);
    if (r < 0)
        guest_violated(guest, "it cannot be told to stop: %s", strerror(-r));
}
