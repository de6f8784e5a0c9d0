/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest is one worker process as the broker sees it. This folder starts workers, talks to them, limits how
 * long their calls take, and ends them; everything in it runs in the broker. Whatever comes from a worker is
 * hostile and is checked here: a worker that breaks the protocol is killed, and nothing else happens.
 *
 * It knows nothing of shows, routes or configurations: struct guest_ops is its only way up. Read on in
 * process.h (birth and end), batch.h (what a guest is sent), life.h (its states).
 */
#ifndef BROKER_GUEST_GUEST_H
#define BROKER_GUEST_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/codec.h"
#include "proto/spawn_request.h"

struct guest;
struct policy;

/* Strings one after the other, each with its NUL. */
struct guest_strings {
    char *text;
    size_t n_bytes;
    uint32_t n;
};

/* What a worker is made of. Everything is borrowed until guest_free(). */
struct guest_spec {
    const char *instance;
    unsigned account;    /* an index of struct runtime's accounts */
    unsigned generation; /* tells apart the workers that an instance has at the same time */
    const char *script_folder;
    const char *state_folder;
    enum spawn_network network;
    struct guest_strings reads;
    struct guest_strings environment; /* NAME=value */
    uint64_t memory_bytes;
    uint32_t threads;
    uint32_t files;
    uint32_t cpu_percent;     /* of one core; 0: no limit. Needs a cgroup */
    uint64_t connections;     /* open at once; 0: as many as `files` */
    uint64_t file_bytes;      /* of a single file, and of deleted ones that are still open */
    uint64_t state_device;    /* that the private folder is on */
    struct log_source *lines; /* what may be written into the log about it */
    uint64_t handler_ms; /* until the script is interrupted, and as long again until it is killed; 0: never */
    uint64_t start_ms;
    uint64_t stop_ms;
    const struct policy *policy; /* what it may reach without `network`; resolved */
    bool probe;                  /* runs no script, but reports which layers hold: see worker/probe.h */
    bool compile;                /* with `probe`: it looks at the modules, see worker/prelude/compile.py */
    int probe_fd;                /* the pipe that it reports into */
};

/* What a script is called for. */
enum guest_phase {
    GUEST_IMPORT,
    GUEST_BATCH,
    GUEST_CLEANUP,
};

/* What a guest tells its owner. None of these functions may free the guest, except for `ended`. */
struct guest_ops {
    /* The script is about to be called, for GUEST_BATCH with `batch`. Returns what timestamp() is for the
       script meanwhile; 0: what its clock says. */
    uint64_t (*begins)(void *userdata, enum guest_phase phase, const struct message_batch *batch);
    /* Fills in the setup message and the channels, which are borrowed until the next call. -errno ends the
     * guest. */
    int (*setup)(void *userdata, struct message_setup *setup, struct message_channels *channels);
    /* The modules are imported, and batches may be sent. */
    void (*ready)(void *userdata);
    /* The script made a channel, whose id is the next one. -EINVAL if the worker must not do that. */
    int (*new_channel)(void *userdata, const char *name);
    /* The script put out values, which are finite. -EINVAL if there is no such channel. */
    int (*output)(void *userdata, const uint32_t *channels, const double *values, size_t n);
    /* Handlers raised `n` exceptions. */
    void (*exceptions)(void *userdata, uint32_t n);
    /* Intervals were called between these times and now, according to the worker. May be NULL. */
    void (*ticked)(void *userdata, const struct message_ticks *ticked);
    /* The import has failed, which `ended` follows. The text is hostile. Everything printed before is in the
       log. May be NULL. */
    void (*failed)(void *userdata, const struct message_failure *failure);
    /* A module was loaded from this file. The path is hostile. */
    void (*loaded)(void *userdata, const char *path);
    /* Returns whether more is to be routed than one turn of the loop can do: what the worker sends can wait.
     */
    bool (*is_congested)(void *userdata);
    /* Returns whether the script has put out more than it may for now. Then a running worker is not read
       from until guest_resume(), and its time does not count. */
    bool (*is_throttled)(void *userdata);
    /* A batch is done, perhaps by a worker that was asked to stop meanwhile. */
    void (*handled)(void *userdata);
    /* The guest is idle, or something is due: a good time for guest_send(). */
    void (*wanted)(void *userdata);
    /* The process is gone. `why` is a sentence for the log; `asked` says that it ended because of
       guest_stop(), and in time; `is_clean` says that its exit status is 0. */
    void (*ended)(void *userdata, const char *why, bool asked, bool is_clean);
};

/* Whether guest_send() would send events. False while an interval is being called. NULL is fine. */
bool guest_is_idle(const struct guest *guest);

/* Whether it has a batch that is not done. NULL is fine. */
bool guest_is_busy(const struct guest *guest);

/* Whether it has a process whose modules are imported. NULL is fine. */
bool guest_is_running(const struct guest *guest);

/* Whether it has a process whose modules are not imported yet. NULL is fine. */
bool guest_is_starting(const struct guest *guest);

/*
 * Whether the setup message was sent and the modules are not imported yet. Meanwhile the worker numbers the
 * channels that it makes. NULL is fine.
 */
bool guest_is_importing(const struct guest *guest);

/* Whether it was told of intervals that it has not called yet. NULL is fine. */
bool guest_has_ticks(const struct guest *guest);

/*
 * Returns for how long the script has been in the same call; 0 if it is in none, or if nothing limits how
 * long its calls take. Up to an eighth of that limit may be missing. NULL is fine.
 */
uint64_t guest_stuck_ns(const struct guest *guest, uint64_t now_ns);

/* The number of batches that were sent and are not done, 2 at most; the script is in the first of them. */
unsigned guest_n_sent(const struct guest *guest);

/* The number of channels that name a handler which the script does not have after its import. */
uint32_t guest_missing_handlers(const struct guest *guest);

/* 0 before there is a process. NULL is fine. */
int guest_pid(const struct guest *guest);

/* The layers that confine a running guest, in addition to those that confine every one: or-ed. NULL is fine.
 */
enum guest_layer {
    GUEST_NAMESPACES = 1,
    GUEST_FILTER = 2,
    GUEST_CGROUP = 4,
};
unsigned guest_layers(const struct guest *guest);

/* Tells whether it ended before its script began, because this machine refuses what the sandbox needs. */
bool guest_was_refused(const struct guest *guest);

/* Tells whether it got as far as its script, with all layers of the sandbox. */
bool guest_was_confined(const struct guest *guest);

/* What a process uses. */
struct guest_usage {
    uint64_t memory_bytes; /* backed by no file, pages still shared with the zygote included; lately */
    uint64_t cpu_ns;       /* of all its threads so far */
};

/*
 * Tells what the process uses, without asking anybody. Of one that has ended, only the processor time is
 * known; before there is one, all is 0. NULL is fine.
 */
void guest_usage(const struct guest *guest, struct guest_usage *usage);

/* A `begins` for guests that are not recorded. */
uint64_t guest_begins_unseen(void *userdata, enum guest_phase phase, const struct message_batch *batch);

/* Gives the guest another owner, which is told everything from now on. */
void guest_set_ops(struct guest *guest, const struct guest_ops *ops, void *userdata);

/* Reads on in the next turn, after `is_throttled`. */
void guest_resume(struct guest *guest);

/* Kills the process at once; the text, which says why, is logged, and `ended` follows. */
void guest_end(struct guest *guest, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Kills the process at once without a line in the log; `ended` gets `why`. */
void guest_dismiss(struct guest *guest, const char *why);

#endif
