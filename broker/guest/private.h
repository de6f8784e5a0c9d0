/* SPDX-License-Identifier: BSD-2-Clause */
/* The structure of a guest, for the files of this folder. */
#ifndef BROKER_GUEST_PRIVATE_H
#define BROKER_GUEST_PRIVATE_H

#include <sys/types.h>

#include "broker/base/loop.h"
#include "broker/base/runtime.h"
#include "broker/child/child_link.h"
#include "broker/child/output.h"
#include "broker/child/reaper.h"
#include "broker/gate/link.h"
#include "broker/guest/guest.h"
#include "broker/guest/life.h"
#include "broker/guest/managed.h"
#include "broker/guest/ticks.h"
#include "proto/progress.h"

struct counter_quota;
struct spawn_job;

struct guest {
    struct runtime *runtime;
    struct guest_spec spec;
    const struct guest_ops *ops;
    void *userdata;

    /* the process */
    enum guest_life life;
    enum guest_ending ending;
    struct spawn_job *job; /* until the zygote has answered */
    /* waits until an earlier worker of the instance is gone; then the job is submitted */
    struct reaper_turn turn;
    pid_t pid;
    int pidfd;
    struct loop_source *pid_source;
    struct output *out;
    struct output *err;
    struct gate_link *gate;       /* NULL: it has no filter */
    char cgroup[96];              /* its name; empty if it has none */
    int memory_events;            /* of its cgroup, or -1 */
    struct counter_quota *memory; /* NULL: it is not watched */
    uint64_t kills_before;        /* in that cgroup, because memory ran out */
    uint64_t memory_bytes;        /* when it was last looked at */
    uint64_t cpu_ns;              /* set once it has been waited for */
    struct timer deadline;        /* for the handshake, a call, or stopping */
    struct loop_task finish;
    char fate[96]; /* why it was killed, in words; empty if they were told before, or it was not */
    bool is_dismissed;
    char why[160]; /* how it ended */

    /* the watchdog: what it saw last, and since when */
    uint64_t watch_ms; /* the limit */
    uint64_t watched_ns;
    uint64_t looked_ns;
    uint64_t watched_calls;
    uint64_t watched_batch;
    uint64_t n_batches;

    /* the conversation */
    enum order_state state;
    enum order_state left_in; /* the state in which guest_leave() ended it; else ORDER_CONNECTING */
    unsigned n_sent;          /* batches that are not done: 2 at most */
    size_t n_events[2];       /* in each of them, the oldest first */
    uint64_t n_events_done;   /* in all batches that are done */
    uint32_t missing_handlers;
    bool is_refused;        /* the machine and not the script is why it did not start */
    bool is_locked;         /* its filter is loaded; before, no script can have put anything out */
    struct child_link link; /* polled from the worker's birth to the link's end */
    struct progress_reader progress;
    uint64_t n_outputs; /* that its reports have told */
    struct tick_set *ticks;
    struct loop_task wanted;
    struct managed_set *sockets;
};

static inline const struct runtime_account *guest_account(const struct guest *guest)
{
    return &guest->runtime->accounts[guest->spec.account];
}

#endif
