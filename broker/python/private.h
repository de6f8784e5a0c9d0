/* SPDX-License-Identifier: BSD-2-Clause */
/* The structure of a Python instance, for the files of this folder. */
#ifndef BROKER_PYTHON_PRIVATE_H
#define BROKER_PYTHON_PRIVATE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/base/histogram.h"
#include "broker/base/log_source.h"
#include "broker/base/queue.h"
#include "broker/base/rate.h"
#include "broker/base/restart.h"
#include "broker/base/runtime.h"
#include "broker/gate/policy.h"
#include "broker/guest/guest.h"
#include "broker/guest/process.h"
#include "broker/keeper/counter_client.h"
#include "broker/python/answers.h"
#include "broker/python/start_queue.h"
#include "broker/python/state.h"
#include "broker/show/instance.h"
#include "broker/show/observer.h"
#include "broker/show/show.h"

/* The defaults of options. */
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

#define PYTHON_KEPT_EVENTS 1024 /* room that an empty batch keeps */

#define PYTHON_LEAST_MEMORY (UINT64_C(64) << 20) /* the interpreter itself, with room to start */

struct file_watch;
struct python_leaver;

/* What the script puts out, and what of that has to wait; it outlives the worker. */
struct python_outflow {
    uint64_t per_second; /* option rate */
    struct rate rate;
    struct queue held; /* what waits: the newest value of each channel, two at most */
    bool is_used_up;   /* there is no allowance; once enough has come in spite of that, the worker is not read
                          from */
    size_t n_too_many; /* events that came since it was used up */
    struct timer timer;
    struct queue_list sliced; /* events with allowance, which are routed in slices */
    size_t sliced_at;         /* the number of these that have been routed */
    struct loop_task slicing;
    uint64_t warned; /* the number that had given way at the last warning */
    uint64_t warned_ns;
};

/* What is counted as it happens. Outlives the worker. */
struct python_counters {
    uint64_t in;
    uint64_t out;
    uint64_t dropped; /* in addition to what the queue dropped */
    uint64_t exceptions;
    uint64_t raised_ns; /* when the last one came, of this worker; 0: none has */
    uint64_t raised_at; /* the number of batches that were done by then */
    uint64_t restarts;
    size_t queue_max;
    size_t queue_peak; /* before the present `queue_max` */
    uint64_t sent_ns;  /* of the batch under way; 0: there is none */
    uint64_t ended_cpu_ns;
    struct histogram busy_us;
};

/* The last import that failed, as long as none has succeeded since. */
struct python_failure {
    char *text; /* as the worker sent it; NULL: none */
    uint64_t n; /* how often in a row it failed with this text */
    bool is_lasting;
    bool is_new; /* the worker that told it has not ended yet */
};

/* What is known of the size of the private folder; see state_limit.h. */
struct python_state_limit {
    struct counter_quota *quota; /* NULL: it is not counted */
    bool is_full;                /* it was found over the options since the present worker was started */
    bool was_full;               /* it was so when the present worker was started, which still imports */
    bool is_ended;               /* the present worker was killed for it */
    bool is_given_up;            /* it was found far over them: there is no next worker */
};

/* What the worker does not know about its channels. */
enum python_channels {
    PYTHON_CHANNELS_TOLD,
    PYTHON_CHANNELS_CHANGED, /* by a new configuration that is not in force yet */
    PYTHON_CHANNELS_ADDED,   /* the same, and there are new ones */
    PYTHON_CHANNELS_DUE,     /* to be told when the import is done */
};

/* A worker that imports changed files; then it waits until the running one is idle. */
struct python_next {
    struct guest *guest; /* or NULL */
    bool is_ready;       /* the import is done */
    uint64_t started_ns;
    struct start_turn turn;
    struct queue outputs; /* what it has put out meanwhile */
};

struct python {
    struct fc_instance *instance;

    uint32_t given; /* the options that were set; see python_is_given() */

    /* options */
    char *folder; /* of the scripts: the one of the configuration file */
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
    uint64_t log_rate;    /* lines a second */
    struct log_source lines;
    uint64_t state_bytes;
    uint64_t state_files;
    uint64_t handler_ms; /* timeouts; 0: none */
    uint64_t start_ms;
    uint64_t stop_ms;
    uint64_t stats_ms; /* between two lines; 0: none */
    struct restart restart;
    struct python_failure failure;
    bool reload; /* when files change that it was loaded from */

    /* last values by channel; they outlive the worker */
    double *inputs;
    double *outputs;
    bool *driven; /* the script has put it out */
    uint32_t n_values;
    uint32_t values_capacity;

    struct queue queue;
    struct python_answers answers;
    /*
     * of its first events, which were sent behind a batch that is not done; they stay in the queue, so the
     * end of a worker does not lose them
     */
    size_t n_ahead;
    /* that the script is in: what it has not begun with when its worker ends goes to the next one */
    struct queue_list batch;
    struct python_outflow outflow;
    struct python_counters counters;
    struct show_step step; /* what the script is called for at present */
    struct timer stats_timer;
    struct message_channel *setup_channels; /* of the setup message under way */
    const struct guest_ops *guest_ops;      /* run.h: what `guest` tells the instance */
    struct guest *guest;
    struct python_state_limit limit;
    struct timer restart_timer;
    struct start_turn turn;
    uint64_t started_ns;
    struct timer again; /* files have changed while they were loaded; see reload.c */

    enum python_state state;
    enum python_channels channels;

    char fate[160]; /* how the last worker ended, while there is no other */

    struct file_watch *sources; /* NULL: changes are not noticed */
    struct python_next next;
    struct python_leaver *leavers; /* workers that were replaced, and clean up */
    unsigned generation;           /* of the last worker beside another one */

    char *state_folder;    /* from the first start on */
    uint64_t state_device; /* that it is on */
    uint64_t queue_warned; /* what the queue had lost at the last warning */
    uint64_t queue_warned_ns;
};

static inline struct runtime *python_runtime(const struct python *python)
{
    return python->instance->show->runtime;
}

/* Whether the batch is done that was ahead of the one sent ahead. */
static inline bool python_is_at_ahead(const struct python *python)
{
    return python->n_ahead && guest_n_sent(python->guest) < 2;
}

#endif
