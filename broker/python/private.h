/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of a Python instance: what the files python*.c share.
 */
#ifndef BROKER_PYTHON_PRIVATE_H
#define BROKER_PYTHON_PRIVATE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/base/histogram.h"
#include "broker/base/queue.h"
#include "broker/base/rate.h"
#include "broker/base/runtime.h"
#include "broker/gate/policy.h"
#include "broker/guest/batch.h"
#include "broker/guest/guest.h"
#include "broker/guest/process.h"
#include "broker/keeper/folder_quota.h"
#include "broker/python/backend.h"
#include "broker/python/restart.h"
#include "broker/python/start_queue.h"
#include "broker/show/instance.h"
#include "broker/show/observer.h"

/* What an instance has without the option. */
#define PYTHON_QUEUE_EVENTS 65536
#define PYTHON_RATE         RATE_MAX
#define PYTHON_MEMORY_BYTES (UINT64_C(512) << 20)
#define PYTHON_THREADS      64
#define PYTHON_FILES        256
#define PYTHON_LOG_RATE     100
#define PYTHON_STATE_BYTES  (UINT64_C(64) << 20)
#define PYTHON_STATE_FILES  10000
#define PYTHON_HANDLER_MS   5000
#define PYTHON_START_MS     10000
#define PYTHON_STOP_MS      5000
#define PYTHON_RESTART_NS   (30 * FC_NS_PER_S)

#define PYTHON_LEAST_MEMORY (UINT64_C(64) << 20) /* the interpreter itself, with room to start */

struct file_watch;
struct python_leaver;

/* What the script puts out, and what of that has to wait; it outlives the worker. */
struct python_outflow {
    uint64_t per_second; /* option rate */
    struct rate rate;
    struct queue held; /* without a place of its own: one value per channel, two at most */
    bool is_used_up;   /* the worker is not read from until there is allowance again */
    struct timer timer;
    struct queue_list sliced; /* there is allowance for these; not routed yet are those from … */
    size_t sliced_at;
    struct loop_task slicing;
    uint64_t warned; /* what had given way when the log last said so */
    uint64_t warned_ns;
};

/* What is counted as it happens; the rest of struct python_stats is known elsewhere. Outlives the worker. */
struct python_counters {
    uint64_t in;
    uint64_t out;
    uint64_t dropped; /* beside what the queue itself dropped */
    uint64_t exceptions;
    uint64_t restarts;
    size_t queue_max;
    size_t queue_peak; /* without `queue_max` */
    uint64_t sent_ns;  /* of the batch under way; 0: there is none */
    uint64_t ended_cpu_ns;
    struct histogram busy_us;
};

struct python {
    struct fc_instance *instance;

    uint32_t given; /* the options that were set; see python_is_given() */

    /* options */
    char *folder; /* of the scripts: where the configuration file is */
    char **modules;
    size_t n_modules;
    char *default_handler; /* or NULL */
    enum spawn_network network;
    struct policy policy;
    struct guest_strings reads;
    struct guest_strings environment;
    uint64_t memory_bytes;
    uint64_t threads;
    uint64_t files;
    uint64_t connections; /* 0: no limit but `files` */
    uint64_t cpu_percent; /* of one core; 0: no limit */
    uint64_t log_rate;
    uint64_t state_bytes;
    uint64_t state_files;
    uint64_t handler_ms; /* timeouts; 0: none */
    uint64_t start_ms;
    uint64_t stop_ms;
    uint64_t stats_ms; /* between two lines; 0: none */
    struct restart restart;
    bool reload; /* when the files change that it was loaded from */

    /* last values by channel; they outlive the worker */
    double *inputs;
    double *outputs;
    bool *driven; /* the script has put it out */
    uint32_t n_values;
    uint32_t values_capacity;

    struct queue queue;
    size_t n_ahead; /* its first events, which were sent behind a batch that is not done; no worker's end
                       loses them */
    struct python_outflow outflow;
    struct python_counters counters;
    struct show_step step; /* that the script is in */
    struct timer stats_timer;
    struct message_channel *setup_channels; /* of the setup message under way */
    struct guest *guest;
    struct folder_quota *folder_quota;
    struct timer restart_timer;
    struct start_turn turn;
    uint64_t started_ns;

    /* python_reload.c */
    struct file_watch *sources; /* or NULL: nobody looks */
    struct guest *next;         /* imports the changed files; then waits until `guest` is idle */
    bool next_ready;
    uint64_t next_started_ns;
    struct start_turn next_turn;
    struct queue next_outputs;     /* what `next` has put out meanwhile */
    struct python_leaver *leavers; /* workers that were replaced, and clean up */
    unsigned generation;
    bool channels_changed; /* by a new configuration, and not told to the worker */
    bool channels_added;
    bool channels_due; /* to be told when the import is done */

    bool is_over;       /* not started again until the configuration is read again */
    char *state_folder; /* from the first start on */
    bool stopping;
    uint64_t queue_warned; /* what the queue had lost when the log last said so */
    uint64_t queue_warned_ns;
};

/* python_options.c */
extern const struct fc_option python_options[];
int python_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                     struct fc_reason *reason);

/* Whether an option was set, for the instance or for all of the backend. */
bool python_is_given(const struct python *python, const char *option);

/* Sends what waits, if the worker is idle. */
void python_pump(struct python *python);

/* What was sent ahead is under way, or will not come back. */
void python_begin_ahead(struct python *python);

/* Whether the batch is done behind which something was sent. */
static inline bool python_is_at_ahead(const struct python *python)
{
    return python->n_ahead && guest_n_sent(python->guest) < 2;
}

/*
 * python_rate.c: emits events now, or as soon as the option rate allows it; then they may give way to newer
 * ones of their channels.
 */
void python_rate_emit(struct python *python, const uint32_t *channels, const double *values, size_t n);

/* Emits what waits: the instance ends. At most two events per channel. */
void python_rate_finish(struct python *python);

/* python_stats.c: an event came; a batch is about to be sent; one may be done; the worker has ended. */
void python_count_waiting(struct python *python);
void python_count_sent(struct python *python, size_t n_events);
void python_count_handled(struct python *python);

/* Intervals were called since then, as the worker says. */
void python_count_ticked(struct python *python, uint64_t from_ns);

void python_count_ended(struct python *python);

/* What a worker has used that goes; NULL is fine. */
void python_count_cpu(struct python *python, const struct guest *guest);

/* The lines of the option stats. Without it there is no timer. */
void python_stats_start(struct python *python);
void python_stats_stop(struct python *python);

/* Values for one more channel. -ENOMEM. */
int python_add_values(struct python *python, uint32_t id);

/*
 * python_journal.c: what guest_ops has as `begins`; what the script put out; its step is over, `died` if that
 * is because its worker is. One comparison each while nobody records.
 */
uint64_t python_begins(void *userdata, enum guest_phase phase, const struct message_batch *batch);
void python_journal_output(struct python *python, const uint32_t *channels, const double *values, size_t n);
void python_journal_ticked(struct python *python, const struct message_ticks *ticked);
bool python_is_recorded(const struct python *python);
void python_journal_done(struct python *python, bool died);

/* Whether it gets its batches from a recording, which then goes on. */
bool python_leaves_it_to_replay(const struct python *python);

/* python_run.c: what a worker tells its instance, and the slots of the backend that deal with the worker. */
extern const struct guest_ops python_guest_ops;
int python_start(void *self);
void python_stop(void *self);
bool python_quiesce(void *self);

/*
 * Makes the state folder and looks up the names of the policy, which may block. -errno with the reason in
 * the log.
 */
int python_prepare(struct python *python);

/* python_run.c: what workers in every role have in common; see guest_ops. */
int python_setup(void *userdata, struct message_setup *setup);
int python_new_channel(void *userdata, const char *name);
void python_exceptions(void *userdata, uint32_t n);
void python_loaded(void *userdata, const char *path);
bool python_is_congested(void *userdata);

/* Whether all of them are channels of the instance. */
bool python_knows(const struct python *python, const uint32_t *channels, size_t n);

/* What the script puts out, checked. */
void python_emit(struct python *python, const uint32_t *channels, const double *values, size_t n);

/* Tells a running worker its channels, with their last values if `values`. */
void python_send_channels(struct python *python, struct guest *guest, bool values);

/* Starts a worker in its turn, in place of the one that there may be, whatever came before. */
void python_start_over(struct python *python);

/* Tells the core if the instance comes to rest, and was asked to. */
void python_check_quiet(struct python *python);

/* python_reload.c: before the first worker, when the instance is to end, and when it has. */
void python_reload_init(struct python *python);
void python_reload_stop(struct python *python);
void python_reload_deinit(struct python *python);

/* Loads the files anew: beside the running worker, or instead of one that does not run. */
void python_reload(struct python *python);

/* Changes workers if there is a new one, and the old one is between two batches. */
void python_swap(struct python *python);

/* The running worker has ended: the new one takes its place, if there is one. */
bool python_take_next(struct python *python);

/* A socket of those who were replaced, as guest_ops has it. */
int python_borrow_of_leavers(void *userdata, const struct gate_name *name);

void python_refresh(void *self);
void python_inherit(void *self, void *previous);

/* What a worker of this instance is made of; borrows from it. */
struct guest_spec python_guest_spec(const struct python *python);

#endif
