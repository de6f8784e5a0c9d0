/* SPDX-License-Identifier: BSD-2-Clause */
/* The conversation with a worker. */
#include "broker/guest/link.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "broker/base/log_source.h"
#include "broker/base/runtime.h"
#include "broker/gate/message.h"
#include "broker/guest/batch.h"
#include "broker/guest/private.h"
#include "broker/guest/send.h"
#include "broker/guest/spawn.h"
#include "broker/guest/watchdog.h"
#include "broker/keeper/client.h"
#include "broker/os/network.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"
#include "proto/codec_name.h"
#include "proto/kernel.h"

/* At most so many messages in a turn of the loop, or what costs as much; then others have their turn, such as
 * the instances that their events are for. */
#define GUEST_BUDGET 16

/* So many entries of a report cost as much as a message. */
#define GUEST_EVENTS    512
#define GUEST_CHANNELS  64
#define GUEST_INTERVALS 64
#define GUEST_FILES     4
#define GUEST_TICKED    128

#define GUEST_HUNG_UP_MS 1000 /* from the end of the link to the end of its process */

static void guest_link_ready(void *userdata, uint32_t events)
{
    struct guest *guest = userdata;

    if (guest->state == ORDER_CLOSED) { /* it is about to end, and what it has sent is not read */
        child_link_ignore(&guest->link);
        return;
    }
    if (events & EPOLLOUT)
        guest_send_rest(guest);
    guest_link_receive(guest, false);
}

int guest_link_watch(struct guest *guest)
{
    return child_link_watch(&guest->link, guest->runtime->loop, "a worker's message", guest_link_ready,
                            guest);
}

static void guest_wanted(void *userdata)
{
    struct guest *guest = userdata;

    guest->ops->wanted(guest->userdata);
}

/* Calls `wanted` at the end of the loop's turn: several intervals often come due at once. */
static void guest_wanted_soon(void *userdata)
{
    struct guest *guest = userdata;

    loop_defer(guest->runtime->loop, &guest->wanted);
}

/*
 * A link normally ends with its worker, which is waited for soon. One that goes on without its link gets a
 * deadline, unless it has one already.
 */
static void guest_link_ended(struct guest *guest)
{
    child_link_ignore(&guest->link);
    guest_set_life(guest, GUEST_HUNG_UP);
    if (guest->state != ORDER_CONNECTING && guest->state != ORDER_LOCKING && guest->state != ORDER_STOPPING)
        guest_set_deadline(guest, GUEST_HUNG_UP_MS);
}

/* Has the gate hand over a duplicate; without a filter there is none, and the keeper does it. */
static int guest_take(void *userdata, int fd)
{
    const struct guest *guest = userdata;
    int r;

    if (!guest->gate)
        return keeper_take_descriptor(guest->runtime->keeper, guest->pid, fd);
    r = gate_link_watch(guest->gate, fd, 0);
    return r < 0 ? r : -EINPROGRESS;
}

static void guest_forgot(void *userdata, int fd)
{
    const struct guest *guest = userdata;

    if (guest->gate)
        gate_link_forget(guest->gate, fd);
}

static const struct managed_ops guest_managed_ops = {
    .changed = guest_wanted,
    .take = guest_take,
    .forgot = guest_forgot,
};

int guest_link_open(struct guest *guest, int *worker_end, int *progress_fd)
{
    struct runtime *runtime = guest->runtime;
    int r;

    if (guest_account(guest)->n_tampered >= GUEST_MAX_TAMPERED)
        return -EPERM;

    guest->wanted = (struct loop_task){.fn = guest_wanted, .what = "a worker's message", .userdata = guest};
    r = tick_set_new(&guest->ticks, runtime->loop, guest_wanted_soon, guest);
    if (r == 0)
        r = managed_set_new(&guest->sockets, runtime->loop, guest->spec.instance, &guest_managed_ops, guest);
    if (r == 0)
        r = progress_new(&guest->progress, progress_fd);
    return r < 0 ? r : link_pair(&guest->link.link, runtime->link_buffers, worker_end);
}

void guest_link_close(struct guest *guest)
{
    loop_cancel_task(&guest->wanted);
    guest_note_tampering(guest);
    child_link_close(&guest->link);
    progress_deinit(&guest->progress);
    guest->sockets = managed_set_free(guest->sockets);
    guest->ticks = tick_set_free(guest->ticks);
    guest_set_state(guest, ORDER_CLOSED);
}

static void guest_handle_hello(struct guest *guest, uint32_t version)
{
    struct message message = {.type = MESSAGE_SETUP};
    struct message_channels channels = {.values = true};
    int r;

    if (version != CODEC_VERSION) {
        guest_violated(guest, "it speaks version %u of the protocol, not %u", version, CODEC_VERSION);
        return;
    }
    r = guest->ops->setup(guest->userdata, &message.setup, &channels);
    if (r < 0) {
        guest_violated(guest, "setup: %s", strerror(-r));
        return;
    }
    guest_set_state(guest, ORDER_LOCKING);
    guest_send_or_end(guest, &message);
    guest_send_channels(guest, &channels);
}

static int guest_open_memory(void *userdata)
{
    const struct guest *guest = userdata;

    return guest_is_gone(guest) ? -ESRCH : keeper_open_memory(guest->runtime->keeper, guest->pid);
}

static int guest_open_maps(void *userdata)
{
    const struct guest *guest = userdata;

    return guest_is_gone(guest) ? -ESRCH : keeper_open_maps(guest->runtime->keeper, guest->pid);
}

/* Polls it, and asks to be told when something else takes its place. */
static void guest_socket_placed(void *userdata, int fd, int own)
{
    struct guest *guest = userdata;
    uint64_t cookie = own < 0 ? 0 : network_cookie(own);

    if (managed_set_replaced(guest->sockets, fd, own) == 0)
        gate_link_watch(guest->gate, fd, cookie);
}

static void guest_gate_failed(void *userdata, int error)
{
    struct guest *guest = userdata;

    if (!kernel_refuses(-error)) {
        guest_violated(guest, "its system call filter cannot be watched: %s", strerror(-error));
        return;
    }
    guest->is_refused = !guest->is_locked;
    guest_end(
        guest,
        "its system call filter cannot be watched: %s; something refuses pidfd_getfd(): in a container its "
        "seccomp profile or a missing CAP_SYS_PTRACE, in a service SystemCallFilter=",
        strerror(-error));
}

static void guest_offends(void *userdata, uint64_t waited_ns)
{
    struct guest *guest = userdata;

    if (guest_is_gone(guest))
        return;
    snprintf(guest->fate, sizeof(guest->fate), "its threads kept its gate waiting for %.1f s",
             (double)waited_ns / FC_NS_PER_S);
    guest_end(guest, "its threads keep its gate waiting: they lock its memory, or sockets that it uses");
}

static void guest_deleted(void *userdata, uint64_t bytes)
{
    struct guest *guest = userdata;

    if (guest_is_gone(guest))
        return;
    snprintf(guest->fate, sizeof(guest->fate), "deleted files (option state)");
    if (bytes == UINT64_MAX)
        guest_end(guest,
                  "it holds deleted files in a way that hides their size: more than %d of them, or only as "
                  "mappings",
                  GATE_MAX_DELETED);
    else
        guest_end(
            guest,
            "files that it has deleted and not closed have %llu MiB; the option state allows %llu bytes",
            (unsigned long long)(bytes >> 20), (unsigned long long)guest->spec.file_bytes);
}

static const struct gate_link_ops guest_gate_ops = {
    .open_memory = guest_open_memory,
    .open_maps = guest_open_maps,
    .placed = guest_socket_placed,
    .failed = guest_gate_failed,
    .offends = guest_offends,
    .deleted = guest_deleted,
};

/* Returns the path of the private folder as the worker sees it. */
static const char *guest_seen_state_folder(const struct guest *guest)
{
    bool has_root = spawner_has_namespaces(guest_account(guest)->spawner);

    return guest->spec.state_folder && has_root ? SPAWN_STATE_FOLDER : guest->spec.state_folder;
}

static int guest_open_gate(struct guest *guest, int32_t notify_fd)
{
    struct gate_link_spec spec = {
        .instance = guest->spec.instance,
        .policy = guest->spec.policy,
        .pidfd = guest->pidfd,
        .files = guest->spec.files + SPAWN_OWN_FILES,
        .connections = guest->spec.connections,
        .state_bytes = guest->spec.file_bytes,
        .state_device = guest->spec.state_device,
        .state_folder = guest_seen_state_folder(guest),
        .log_rate = (uint32_t)guest->spec.lines->limit.rate.per_second,
    };
    int listener = keeper_take_listener(guest->runtime->keeper, guest->pid, notify_fd);
    int r = listener < 0 ? listener
                         : gate_link_new(&guest->gate, guest_account(guest)->gate, &spec, listener,
                                         &guest_gate_ops, guest);

    if (r == -E2BIG)
        guest_violated(guest, "it has more than %d rules for connect and listen", GATE_MAX_RULES);
    else if (r < 0)
        guest_gate_failed(guest, r);
    return r;
}

static void guest_handle_locked(struct guest *guest, int32_t notify_fd)
{
    if (notify_fd < 0 && !guest->runtime->no_sandbox) {
        guest_violated(guest, "it reports that it has no system call filter");
        return;
    }
    if (notify_fd >= 0 && guest_open_gate(guest, notify_fd) < 0)
        return;
    guest->is_locked = true;
    guest_set_state(guest, ORDER_IMPORTING);
    watchdog_start(guest, guest->spec.start_ms);
    guest_send_or_end(guest,
                      &(struct message){.type = MESSAGE_PROCEED,
                                        .time_ns = guest->ops->begins(guest->userdata, GUEST_IMPORT, NULL)});
}

static int guest_take_channels(struct guest *guest, const struct message_report *report)
{
    if (report->n_new_channels && guest->state != ORDER_IMPORTING)
        return -EPROTO;
    for (size_t i = 0; i < report->n_new_channels; i++) {
        int r = guest->ops->new_channel(guest->userdata, report->new_channels[i]);

        if (r < 0)
            return r;
    }
    return 0;
}

static int guest_take_events(struct guest *guest, const uint32_t *channels, const double *values, size_t n)
{
    guest->n_outputs += n;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i]))
            return -EINVAL;
    }
    return n ? guest->ops->output(guest->userdata, channels, values, n) : 0;
}

void guest_rescue_outputs(struct guest *guest)
{
    struct progress_state state = progress_read(&guest->progress);
    FC_AUTO_FREE uint32_t *channels = NULL;
    FC_AUTO_FREE double *values = NULL;
    size_t n = 0;

    if (state.outputs == guest->n_outputs)
        return;
    channels = calloc(PROGRESS_OUTPUTS, sizeof(*channels));
    values = calloc(PROGRESS_OUTPUTS, sizeof(*values));
    if (channels && values && guest->is_locked)
        n = progress_copy_outputs(&guest->progress, &state, guest->n_outputs, channels, values);
    if (!n || guest_take_events(guest, channels, values, n) < 0)
        fc_log(FC_LOG_WARNING, guest->spec.instance, "its last outputs are lost: they cannot be read");
}

/* Comes before the changes: an interval that was called may have been cancelled since. */
static int guest_take_ticked(struct guest *guest, const struct message_ticks *ticked)
{
    for (size_t i = 0; i < ticked->n; i++) {
        int r = tick_set_called(guest->ticks, ticked->ids[i], ticked->times_ns[i]);

        if (r < 0)
            return r;
    }
    return 0;
}

/* Nothing is called or polled for a worker that has ended. */
static int guest_take_changes(struct guest *guest, const struct message_report *report)
{
    size_t n_intervals =
        guest->runtime->is_replay ? 0 : report->n_intervals; /* the recording has their ticks */
    uint64_t now_ns = n_intervals ? fc_now_ns() : 0;
    int r = 0;

    if (guest_is_gone(guest))
        return 0;
    for (size_t i = 0; r == 0 && i < n_intervals; i++)
        r = tick_set_change(guest->ticks, &report->intervals[i], now_ns);
    for (size_t i = 0; i < report->n_sockets; i++) {
        int s = managed_set_change(guest->sockets, report->sockets[i].id, report->sockets[i].fd);

        /* a script may close a socket right after manage(), so this does not end it */
        if (s < 0)
            managed_warn(guest->spec.instance, report->sockets[i].fd, s);
    }
    return r;
}

static void guest_handle_report(struct guest *guest, const struct message_report *report)
{
    int r;

    if (report->done && !guest->n_sent) {
        guest_violated(guest, "it finished a batch that was never sent");
        return;
    }
    r = guest_take_channels(guest, report);
    if (r == 0)
        r = guest_take_events(guest, report->channels, report->values, report->n_events);
    if (r == 0)
        r = guest_take_ticked(guest, &report->ticked);
    if (r == 0)
        r = guest_take_changes(guest, report);
    if (r < 0) {
        guest_violated(guest, "its report is invalid: %s",
                       r == -ENOSPC ? "it has made more channels than allowed (for a user: option channels)"
                                    : strerror(-r));
        return;
    }
    for (size_t i = 0; i < report->n_files; i++)
        guest->ops->loaded(guest->userdata, report->files[i]);
    if (report->exceptions)
        guest->ops->exceptions(guest->userdata, report->exceptions);
    if (report->done)
        guest->ops->handled(guest->userdata);
    if (report->done) {
        guest_batch_done(guest);
        managed_set_handled(guest->sockets);
    } else if (!report->ticked.n) {
        return;
    }
    if (report->ticked.n && guest->ops->ticked)
        guest->ops->ticked(guest->userdata, &report->ticked);
    guest->ops->wanted(guest->userdata);
}

/* From here on the worker does what it does after `stop`. */
static void guest_handle_failed(struct guest *guest, const struct message_failure *failure)
{
    output_drain(guest->out);
    output_drain(guest->err);
    guest_set_state(guest, ORDER_STOPPING);
    watchdog_start(guest, guest->spec.stop_ms);
    if (guest->ops->failed)
        guest->ops->failed(guest->userdata, failure);
}

static void guest_handle(struct guest *guest, const struct message *message)
{
    if (!order_legal(guest->state, message->type)) {
        guest_violated(guest, "it sent \"%s\" while %s", message_name(message->type),
                       order_state_name(guest->state));
        return;
    }
    switch (message->type) {
    case MESSAGE_HELLO:
        guest_handle_hello(guest, message->hello_version);
        break;
    case MESSAGE_LOCKED:
        guest_handle_locked(guest, message->notify_fd);
        break;
    case MESSAGE_REPORT:
        guest_handle_report(guest, &message->report);
        break;
    case MESSAGE_READY:
        guest_set_state(guest, ORDER_IDLE);
        guest->missing_handlers = message->ready_missing;
        watchdog_start(guest, 0);
        guest->ops->ready(guest->userdata);
        break;
    case MESSAGE_FAILED:
        guest_handle_failed(guest, &message->failure);
        break;
    case MESSAGE_STOPPED:
        guest_set_state(guest, ORDER_CLOSED);
        break;
    default:
        break; /* not legal in any state */
    }
}

/* Returns what a report costs besides its message. */
static int guest_report_cost(const struct message_report *report)
{
    return (int)(report->n_events / GUEST_EVENTS + report->n_new_channels / GUEST_CHANNELS +
                 report->n_intervals / GUEST_INTERVALS + report->n_files / GUEST_FILES +
                 report->ticked.n / GUEST_TICKED) +
           (report->n_sockets ? GUEST_BUDGET : 0); /* each wakes the gate, perhaps on this processor */
}

void guest_link_receive(struct guest *guest, bool to_the_end)
{
    for (int budget = GUEST_BUDGET; guest->state != ORDER_CLOSED; budget--) {
        struct message message;
        const void *bytes;
        size_t n_bytes;
        int r;

        if (!to_the_end && guest_is_held(guest)) {
            child_link_poll(&guest->link, guest->link.events | EPOLLET); /* until guest_resume() */
            return;
        }
        /* enough for this turn; or the events that are there have to be routed first, so that none is dropped
         */
        if (!to_the_end && (budget <= 0 || guest->ops->is_congested(guest->userdata)))
            return;
        r = link_receive(guest->link.link, &bytes, &n_bytes);
        if (r == -EAGAIN)
            return;
        if (r == -EPIPE) {
            if (guest->life < GUEST_HUNG_UP)
                guest_link_ended(guest);
            return;
        }
        if (r == 0)
            r = codec_decode(guest->runtime->codec, CODEC_FROM_WORKER, bytes, n_bytes, &message);
        if (r < 0) {
            guest_violated(guest, "it sent %s: %s", r == -EPERM ? "descriptors" : "a malformed message",
                           strerror(-r));
            return;
        }
        guest_handle(guest, &message);
        if (message.type != MESSAGE_REPORT)
            continue;
        if (message.report.done && !to_the_end)
            return; /* it seldom says more, and looking would cost a system call */
        budget -= guest_report_cost(&message.report);
    }
}
