/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receives system calls and hands them to their functions; see seccomp_unotify(2). Never answers "continue":
 * the arguments could change between this look at them and the kernel's. Receiving waits for the next call if
 * the one that was announced has vanished, so poll() comes first.
 *
 * A call can cost a tenth of a millisecond and more, and a worker has many threads. So gates wait in a line,
 * and one call is answered in a turn of the loop: events pass between any two of them, whoever makes them.
 */
#include "broker/gate/gate.h"

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
#include "broker/gate/notification.h"
#include "broker/os/network.h"
#include "broker/os/seccomp_notify.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define GATE_LOG_BURST          20
#define GATE_LOG_PER_SECOND     5
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

static void gate_refuse(struct gate *gate, const struct seccomp_notif *call)
{
    FC_AUTO_FREE char *name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), call->data.nr);

    gate_answer(gate, call->id, -EPERM, 0);
    gate_log(gate, "%s(%#llx, %#llx, %#llx, %#llx), thread %u", name ? name : "?", call->data.args[0],
             call->data.args[1], call->data.args[2], call->data.args[3], call->pid);
}

static void gate_handle(struct gate *gate, const struct seccomp_notif *call)
{
    gate_call_fn handle = gate_find_call(call->data.nr);
    int64_t result = 0;
    int r;

    if (!handle) {
        gate_refuse(gate, call);
        return;
    }
    r = handle(gate, call, &result);
    if (r != GATE_LATER)
        gate_answer(gate, call->id, r, result);
}

/* Serves one call, if there is one. Returns whether there may be more. */
static bool gate_serve(struct gate *gate)
{
    struct pollfd ready = {.fd = gate->fd, .events = POLLIN};
    struct seccomp_notif call = {0};

    if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLIN))
        return false;
    if (ioctl(gate->fd, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0)
        gate_handle(gate, &call);
    else if (errno != ENOENT && errno != EINTR)
        return false;
    return true;
}

/* The gates whose workers have made a call, in the order in which they are served. */
static struct gate_line {
    struct gate *first;
    struct gate **end;
    struct loop_task task;
} gate_line = {.end = &gate_line.first};

static void gate_stand_in_line(struct gate *gate)
{
    if (gate->is_waiting)
        return;
    gate->is_waiting = true;
    gate->next = NULL;
    *gate_line.end = gate;
    gate_line.end = &gate->next;
    loop_defer(gate->loop, &gate_line.task);
}

static void gate_leave_line(struct gate *gate)
{
    struct gate **slot = &gate_line.first;

    if (!gate->is_waiting)
        return;
    while (*slot != gate)
        slot = &(*slot)->next;
    *slot = gate->next;
    if (!*slot)
        gate_line.end = slot;
    gate->is_waiting = false;
    if (!gate_line.first)
        loop_cancel_task(gate->loop, &gate_line.task);
}

static void gate_serve_first(void *userdata)
{
    struct gate *gate = gate_line.first;

    (void)userdata;
    if (!gate)
        return;
    gate_leave_line(gate);
    if (gate_line.first)
        loop_defer(gate->loop, &gate_line.task);
    if (gate_serve(gate))
        gate_stand_in_line(gate);
}

static void gate_ready(void *userdata, uint32_t events)
{
    struct gate *gate = userdata;

    if (events & (EPOLLHUP | EPOLLERR)) { /* no thread is left behind the filter */
        gate_leave_line(gate);
        gate->source = loop_remove(gate->source);
        return;
    }
    gate_stand_in_line(gate);
}

/* Checks what the worker named: another kind of descriptor could be ready for ever, and never answer. */
static bool gate_is_listener(int fd)
{
    uint64_t none = 0;

    return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &none) < 0 && errno == ENOENT;
}

/*
 * Lets the woken side run at once and on the same processor, since each of the two sleeps while the other
 * works. Kernels before Linux 6.6 have no such flag.
 */
static void gate_wake_in_turn(int fd)
{
    ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

int gate_new(struct gate **gatep, struct loop *loop, const struct gate_spec *spec, int fd)
{
    struct gate *gate = NULL;
    int r = gate_is_listener(fd) ? 0 : -EBADF;

    if (r == 0)
        gate = calloc(1, sizeof(*gate));
    if (!gate) {
        close(fd);
        return r < 0 ? r : -ENOMEM;
    }
    gate_line.task.fn = gate_serve_first;
    gate->loop = loop;
    gate->spec = *spec;
    gate->fd = fd;
    gate->cookie = network_own();
    gate_wake_in_turn(fd);
    log_limit_init(&gate->log_limit, GATE_LOG_BURST, GATE_LOG_PER_SECOND);
    log_limit_init(&gate->connect_limit, GATE_CONNECT_BURST, GATE_CONNECT_PER_SECOND);
    r = gate->cookie ? loop_add(loop, &gate->source, fd, EPOLLIN, gate_ready, gate) : -ENOPROTOOPT;
    if (r < 0) {
        gate_free(gate);
        return r;
    }
    *gatep = gate;
    return 0;
}

struct gate *gate_free(struct gate *gate)
{
    if (!gate)
        return NULL;
    gate_drop_pending(gate);
    gate_leave_line(gate);
    loop_remove(gate->source);
    fc_closep(&gate->fd);
    free(gate->pending);
    free(gate->bound);
    free(gate);
    return NULL;
}
