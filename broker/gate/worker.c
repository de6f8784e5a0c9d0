/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receives system calls and hands them to their functions; see seccomp_unotify(2). Answers "continue" only to
 * calls that it does not judge by what is in memory: that could change between this look at it and the
 * kernel's. Receiving waits for the next call if the one that was announced has vanished, so it must have
 * been announced just now: by the loop, or if that has served others since, by poll(). Runs in the gate.
 *
 * Workers stand in a fair line, which is the kernel's: epoll names a worker that has more calls again only
 * after all others that have some, and one call is served each time. A worker with a thousand callers gets no
 * more than one with a single caller.
 */
#include "broker/gate/worker.h"

#include <errno.h>
#include <poll.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "broker/gate/calls.h"
#include "broker/gate/connect.h"
#include "broker/gate/deleted.h"
#include "broker/gate/flight.h"
#include "broker/gate/notification.h"
#include "broker/os/network.h"
#include "broker/os/seccomp_notify.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define GATE_LOG_BURST          20u
#define GATE_LOG_PER_SECOND     5u
#define GATE_CONNECT_BURST      100
#define GATE_CONNECT_PER_SECOND 50

/* Returns the function that serves a call, or NULL. Keeps the numbers: resolving a name takes a while. */
static gate_call_fn gate_find_call(int number)
{
    static int numbers[GATE_CALLS];

    for (size_t i = 0; i < GATE_CALLS; i++) {
        if (!numbers[i])
            numbers[i] = seccomp_syscall_resolve_name(gate_calls[i].name);
        if (numbers[i] == number)
            return gate_calls[i].handle;
    }
    return NULL;
}

static void gate_refuse(struct gate_worker *worker, const struct seccomp_notif *call)
{
    FC_AUTO_FREE char *name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), call->data.nr);

    gate_answer(worker, call->id, -EPERM, 0);
    gate_log(worker, "%s(%#llx, %#llx, %#llx, %#llx), thread %u", name ? name : "?", call->data.args[0],
             call->data.args[1], call->data.args[2], call->data.args[3], call->pid);
}

static void gate_handle(struct gate_worker *worker, const struct seccomp_notif *call)
{
    gate_call_fn handle = gate_find_call(call->data.nr);
    int64_t result = 0;
    int r;

    if (!handle) {
        gate_refuse(worker, call);
        return;
    }
    r = handle(worker, call, &result);
    if (r == GATE_CONTINUE)
        gate_continue(worker, call->id);
    else if (r != GATE_LATER)
        gate_answer(worker, call->id, r, result);
}

/* Carries out the call that is in flight->now, and charges the worker for it. */
static void gate_carry_out(struct gate_worker *worker)
{
    struct flight_call *now = &worker->spec.flight->now;

    charge_begin(&worker->charge);
    gate_handle(worker, &now->call);
    now->worker = 0;
    charge_settle(worker);
}

static bool gate_is_announced(const struct gate_worker *worker)
{
    struct pollfd ready = {.fd = worker->fd, .events = POLLIN};

    return (*worker->spec.n_served)++ == 0 || (poll(&ready, 1, 0) == 1 && (ready.revents & POLLIN));
}

/* Serves one call, if there is one. */
static void gate_serve_one(struct gate_worker *worker)
{
    struct flight_call *now = &worker->spec.flight->now;

    if (!gate_is_announced(worker))
        return;
    *now = (struct flight_call){.worker = worker->spec.id};
    if (ioctl(worker->fd, SECCOMP_IOCTL_NOTIF_RECV, &now->call) == 0)
        gate_carry_out(worker);
    else
        now->worker = 0;
}

void gate_worker_resume(struct gate_worker *worker, struct flight_call *left)
{
    struct flight_call *now = &worker->spec.flight->now;

    *now = *left;
    left->worker = 0;
    if (!worker->is_barred && gate_is_valid(worker, now->call.id)) {
        if (now->sent)
            gate_answer(worker, now->call.id, 0, (int64_t)now->sent - 1);
        else if (now->tries >= FLIGHT_MAX_TRIES)
            gate_answer(worker, now->call.id, -EIO, 0);
        else
            gate_carry_out(worker);
    }
    now->worker = 0;
}

static void gate_ready(void *userdata, uint32_t events)
{
    struct gate_worker *worker = userdata;

    if (!worker->is_barred && !(events & (EPOLLHUP | EPOLLERR))) {
        gate_serve_one(worker);
        return;
    }
    /* it has made the gate wait; or no thread is left behind the filter */
    worker->source = loop_remove(worker->source);
}

/*
 * Lets the woken side run at once and on the same processor, since each of the two sleeps while the other
 * works. Kernels before Linux 6.6 have no such flag.
 */
static void gate_wake_in_turn(int fd)
{
    ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

static uint32_t gate_at_most(uint32_t lines, uint32_t log_rate)
{
    return log_rate && log_rate < lines ? log_rate : lines;
}

int gate_worker_new(struct gate_worker **workerp, const struct gate_spec *spec, int fd)
{
    struct gate_worker *worker = NULL;
    int r = seccomp_notify_is(fd) ? 0 : -EBADF; /* another kind could be ready for ever, and never answer */

    if (r == 0)
        worker = calloc(1, sizeof(*worker));
    if (!worker) {
        close(fd);
        return r < 0 ? r : -ENOMEM;
    }
    worker->spec = *spec;
    worker->fd = fd;
    worker->cookie = network_own();
    gate_wake_in_turn(fd);
    log_limit_init(&worker->log_limit, gate_at_most(GATE_LOG_BURST, spec->log_rate),
                   gate_at_most(GATE_LOG_PER_SECOND, spec->log_rate));
    deleted_init(worker);
    rate_init_burst(&worker->connect_rate, GATE_CONNECT_PER_SECOND, GATE_CONNECT_BURST);
    r = worker->cookie
            ? loop_add(spec->loop, &worker->source, fd, EPOLLIN, "a system call", gate_ready, worker)
            : -ENOPROTOOPT;
    if (r < 0) {
        gate_worker_free(worker);
        return r;
    }
    *workerp = worker;
    return 0;
}

struct gate_worker *gate_worker_free(struct gate_worker *worker)
{
    if (!worker)
        return NULL;
    gate_drop_pending(worker);
    deleted_deinit(worker);
    loop_remove(worker->source);
    fc_closep(&worker->fd);
    free(worker->pending);
    free(worker->peers);
    free(worker);
    return NULL;
}
