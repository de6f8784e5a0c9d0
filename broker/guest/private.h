/* SPDX-License-Identifier: BSD-2-Clause */
/* What guest.c (the process) and guest_link.c (the conversation) share. */
#ifndef BROKER_GUEST_PRIVATE_H
#define BROKER_GUEST_PRIVATE_H

#include <sys/types.h>

#include "broker/base/loop.h"
#include "broker/gate/gate.h"
#include "broker/guest/guest.h"
#include "broker/guest/link_guard.h"
#include "broker/guest/managed.h"
#include "broker/guest/output.h"
#include "broker/guest/ticks.h"
#include "proto/link.h"
#include "proto/order.h"

struct spawn_job;

struct guest {
    struct runtime *runtime;
    struct guest_spec spec;
    const struct guest_ops *ops;
    void *userdata;

    /* the process */
    struct spawn_job *job; /* until the zygote has answered */
    pid_t pid;
    int pidfd;
    int memory; /* of the worker, while there is a gate */
    struct loop_source *pid_source;
    struct output *out;
    struct output *err;
    struct gate *gate;
    char cgroup[96];       /* its name; empty if it has none */
    int memory_events;     /* of its cgroup, or -1 */
    uint64_t kills_before; /* for want of memory, in that cgroup */
    struct timer deadline; /* of the handshake, or of stopping */
    struct loop_task finish;

    /* the watchdog: what it saw last, and since when */
    enum {
        GUEST_IN_TIME,
        GUEST_INTERRUPTED,
        GUEST_DYING,
    } watch;
    uint64_t watch_ms;
    uint64_t watched_ns;
    uint64_t looked_ns;
    uint64_t watched_calls;
    uint64_t watched_batch;
    uint64_t calls_address; /* in the worker */
    uint64_t n_batches;

    unsigned n_sent; /* batches that are not done: 2 at most */
    size_t n_events; /* in the newest of them */

    uint32_t missing_handlers;
    uint64_t cpu_ns; /* once it has been waited for */

    bool exited;
    bool is_reaped; /* nothing is sent to it any more; what it had sent is read to its end */
    bool asked;     /* guest_stop() was called */
    bool is_clean;  /* exited with status 0 */
    bool late;      /* it did not stop in time */
    char fate[96];  /* why we killed it; empty if we did not */
    bool hung_up;   /* its link is gone, and so it should be soon */
    char why[160];

    /* the conversation */
    enum order_state state;
    struct link *link;
    char link_name[40];
    bool link_named; /* the endpoint's file still exists */
    struct guarded_link guarded;
    struct loop_source *link_source;
    struct loop_task receive;
    struct tick_set *ticks;
    struct loop_task wanted;
    struct managed_set *sockets;
};

/* Chooses the endpoint's name, and makes what does not need it yet. -errno. */
int guest_link_new(struct guest *guest);

/* Listens at the endpoint, whose file exists. Takes the listener, also if that fails. -errno. */
int guest_link_open(struct guest *guest, int listener);

void guest_link_close(struct guest *guest);

/* A group of its own, where the broker may make one. -errno. */
int guest_cgroup_open(struct guest *guest, struct spawn_job *job);
void guest_cgroup_close(struct guest *guest);

/* Whether the kernel killed it because it had no memory left. */
bool guest_is_out_of_memory(const struct guest *guest);

/* Handles what is there, all of it if `to_the_end`. */
void guest_link_receive(struct guest *guest, bool to_the_end);

/* Whether it is not read from: see `is_throttled`. */
bool guest_link_is_held(const struct guest *guest);

/* 0 or -errno: the link is broken or full, which it never is while the worker behaves. */
int guest_link_send(struct guest *guest, const struct message *message);

/* The same; if it fails, that is the guest's end. */
void guest_send_or_end(struct guest *guest, const struct message *message);

/* Gives the process `ms` to get on; one deadline at a time. */
void guest_set_deadline(struct guest *guest, uint64_t ms);

void guest_kill(struct guest *guest);

/*
 * guest_watch.c: the time that the script has for what it begins now, `limit_ms` until it is interrupted (0:
 * as long as it likes), and what becomes of it when that is over: false if that is not what the deadline was.
 */
void guest_watch(struct guest *guest, uint64_t limit_ms);
void guest_watch_batch(struct guest *guest);
bool guest_is_overdue(struct guest *guest);

/* Ends the worker for what it did, with the reason in the log. */
void guest_violated(struct guest *guest, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
