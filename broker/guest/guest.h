/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest: one worker process as the broker sees it, from the wish for one to its end. Whatever comes from it
 * is checked here; what breaks the protocol ends the process, and only that.
 */
#ifndef BROKER_GUEST_GUEST_H
#define BROKER_GUEST_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/codec.h"
#include "proto/spawn_request.h"

struct keeper_usage;
struct gate_name;
struct policy;
struct runtime;
struct guest;

/* Strings that follow each other, each with its NUL. */
struct guest_strings {
    char *text;
    size_t n_bytes;
    uint32_t n;
};

/* Everything is borrowed until guest_free(). */
struct guest_spec {
    const char *instance;
    unsigned account;    /* whose it is, see runtime.h */
    unsigned generation; /* tells apart those that one instance has at the same time */
    const char *script_folder;
    const char *state_folder;
    enum spawn_network network;
    struct guest_strings reads;
    struct guest_strings environment; /* NAME=value */
    uint64_t memory_bytes;
    uint32_t threads;
    uint32_t files;
    uint32_t cpu_percent; /* of one core; 0: no limit. Needs a cgroup */
    uint64_t connections; /* open at once; 0: as many as `files` */
    uint64_t file_bytes;  /* of a single file */
    uint32_t log_rate;    /* lines a second */
    uint64_t handler_ms;  /* until the script is interrupted; as long again until it is killed; 0: never */
    uint64_t start_ms;
    uint64_t stop_ms;
    const struct policy *policy; /* what it may reach without `network`; resolved */
    bool probe;                  /* runs no script: says which layers hold, see worker/probe.h, … */
    int probe_fd;                /* … into this pipe */
};

/* What a script is called for. */
enum guest_phase {
    GUEST_IMPORT,
    GUEST_BATCH,
    GUEST_CLEANUP,
};

/* None of these may free the guest, save `ended`, where it is what one does. */
struct guest_ops {
    /* the script is about to be called, for a batch with `batch`: what timestamp() is to it meanwhile; 0:
       what its clock says */
    uint64_t (*begins)(void *userdata, enum guest_phase phase, const struct message_batch *batch);
    /* the setup message, borrowed until the next call; -errno ends the guest */
    int (*setup)(void *userdata, struct message_setup *setup);
    /* the modules are imported, batches may be sent */
    void (*ready)(void *userdata);
    /* the script made a channel; its id is the next one. -EINVAL if the worker must not do that */
    int (*new_channel)(void *userdata, const char *name);
    /* the values are finite; -EINVAL if there is no such channel */
    int (*output)(void *userdata, const uint32_t *channels, const double *values, size_t n);
    void (*exceptions)(void *userdata, uint32_t n);
    /* intervals were called, from these times to now, as the worker says; may be NULL */
    void (*ticked)(void *userdata, const struct message_ticks *ticked);
    /* a socket with this name that the script's other workers have, the caller's; or -errno */
    int (*borrow)(void *userdata, const struct gate_name *name);
    /* a module was loaded from this file; hostile */
    void (*loaded)(void *userdata, const char *path);
    /* there is more to route than one turn of the loop can: what the worker says can wait */
    bool (*is_congested)(void *userdata);
    /* the script has put out more than it may for now: a running worker is not read from before
       guest_resume(), and its time does not count */
    bool (*is_throttled)(void *userdata);
    /* the batch is handled, also by one that was asked to stop meanwhile */
    void (*handled)(void *userdata);
    /* idle, or something is due: a good time for guest_send() */
    void (*wanted)(void *userdata);
    /*
     * the process is gone; `why` is a sentence for the log, `asked` that it came to its end as we wanted,
     * `is_clean` that its exit status is 0
     */
    void (*ended)(void *userdata, const char *why, bool asked, bool is_clean);
};

/* Begins to make a worker. Does not wait; -errno. */
int guest_new(struct guest **guest, struct runtime *runtime, const struct guest_spec *spec,
              const struct guest_ops *ops, void *userdata);

/* Kills the process if there still is one, and waits for it. Takes NULL; returns NULL. */
struct guest *guest_free(struct guest *guest);

/* Waits for events, that is: guest_send() would send. Not while an interval is being called. */
bool guest_is_idle(const struct guest *guest);

/*
 * Whether it would take a batch of events behind the one that it has, which is so large that this one is on
 * its way before the script is through: nobody waits then. Not while sockets are ready, whose turn comes with
 * the next batch for an idle guest. NULL is fine.
 */
bool guest_takes_ahead(const struct guest *guest);

/* Batches that were sent and are not done, 2 at most; the script is in the first of them. */
unsigned guest_n_sent(const struct guest *guest);

/* Has a batch that is not done. */
bool guest_is_busy(const struct guest *guest);

/* Has a process whose modules are imported. */
bool guest_is_running(const struct guest *guest);

/* 0 before there is one. */
int guest_pid(const struct guest *guest);

/* What holds a running guest, beside what holds all of them: enum guest_layer, or-ed. NULL is fine. */
enum guest_layer {
    GUEST_NAMESPACES = 1,
    GUEST_FILTER = 2,
    GUEST_CGROUP = 4,
};
unsigned guest_layers(const struct guest *guest);

/*
 * What the process uses, as the keeper says it; of one that has ended only its processor time, before there
 * is one nothing. NULL is fine.
 */
void guest_usage(const struct guest *guest, struct keeper_usage *usage);

/*
 * Sends events, and the sockets that are ready, as one batch to a guest that is idle or takes one ahead;
 * nothing if there is nothing. The number of events taken.
 */
size_t guest_send(struct guest *guest, const uint32_t *channels, const double *values, size_t n_events);

/* Tells a running guest, idle or not, which of its intervals are about to come due. */
void guest_tell_ticks(struct guest *guest);

/* Sends an idle guest a batch as it is, and nothing else that is due. */
void guest_replay(struct guest *guest, const struct message_batch *batch);

/* Has it call these intervals now, whether it has them or not. TICKS_MAX at most. */
void guest_replay_ticks(struct guest *guest, const uint32_t *ids, size_t n);

/* Whether intervals that it was told are not called yet. NULL is fine. */
bool guest_has_ticks(const struct guest *guest);

/* `begins` for whom nobody records. */
uint64_t guest_begins_unseen(void *userdata, enum guest_phase phase, const struct message_batch *batch);

/* From now on, others are told. */
void guest_set_ops(struct guest *guest, const struct guest_ops *ops, void *userdata);

/* See gate_lend(). */
int guest_lend(struct guest *guest, const struct gate_name *name);

/* Whether the setup message was sent: from then on, until it runs, the channels' numbers are the worker's to
 * give. */
bool guest_is_importing(const struct guest *guest);

/* Channels without the handler that they name, as the script's import has left them. */
uint32_t guest_missing_handlers(const struct guest *guest);

/* Tells a running guest of its channels anew. */
void guest_send_channels(struct guest *guest, const struct message_channels *channels);

/* Reads on in the next turn, after `is_throttled`. */
void guest_resume(struct guest *guest);

/* Asks the script to clean up and end; `ended` follows, after a kill if need be. */
void guest_stop(struct guest *guest);

/* Ends the process at once; `why` is logged, `ended` follows. */
void guest_end(struct guest *guest, const char *why);

#endif
