/* SPDX-License-Identifier: BSD-2-Clause */
/* The python backend: scripts in workers. The only backend that is part of the core. */
#ifndef BROKER_PYTHON_BACKEND_H
#define BROKER_PYTHON_BACKEND_H

#include <stdint.h>
#include <stdio.h>

#include "broker/config/config.h"
#include "firecurtain/backend.h"

struct fc_instance;
struct message_batch;
struct runtime;

extern const struct fc_backend backend_python;

/*
 * What can be known about an instance's modules and handlers without running them: looks for the files, and
 * for the functions' names in them. Findings are added as errors. Reads files.
 */
void python_check(const struct fc_instance *instance, struct config *config);

/* An instance's figures, all workers that it had taken together, and since the broker began it. */
struct python_stats {
    uint64_t in;         /* events given to the script */
    uint64_t out;        /* events that it put out and that were emitted */
    uint64_t coalesced;  /* events, either way, that gave way to a newer one of their channel */
    uint64_t dropped;    /* events that reached no worker */
    uint64_t exceptions; /* that handlers raised */
    uint64_t restarts;   /* workers that were started after another's end */
    uint64_t queue;      /* events that wait for the script, */
    uint64_t queue_max;  /* most of them since the last line of the option stats, */
    uint64_t queue_peak; /* and ever */
    uint64_t batches;    /* that the script has finished; the times from sending one until then: */
    uint64_t busy_p50_us;
    uint64_t busy_p99_us;
    uint64_t busy_max_us;
    uint64_t memory_bytes; /* of the worker that there is, as in keeper.h; 0 if there is none */
    uint64_t cpu_ns;
};

/* Asks the keeper if `usage`, which takes some microseconds; else `memory_bytes` and `cpu_ns` are 0. */
void python_stats_read(const struct fc_instance *instance, struct python_stats *stats, bool usage);

/* How it goes an instance, whose start went well, at this moment. */
struct python_status {
    const char *state; /* "running", "starting", "waiting", "failed" */
    char detail[64];   /* "restart in 0.8 s", or empty */
    int pid;           /* 0: there is none */
    uint64_t uptime_ms;
    unsigned layers; /* enum guest_layer; 0 unless it runs */
};

void python_status_read(const struct fc_instance *instance, struct python_status *status);

/* Starts a worker now if there is none, whatever delay or limit there was; false if there is one. */
bool python_start_now(const struct fc_instance *instance);

/* Whether its worker waits for a batch. */
bool python_is_idle(const struct fc_instance *instance);

/* Sends an idle worker a batch of a recording; its channels are ids of the instance. */
void python_replay(struct fc_instance *instance, const struct message_batch *batch);

/* Has it call its intervals, of which the recording has the numbers. */
void python_replay_ticks(struct fc_instance *instance, const uint32_t *ids, size_t n);

/* The last values by channel, as long as there are not more channels; and from a recording. */
void python_values(const struct fc_instance *instance, const double **inputs, const double **outputs);
void python_set_values(struct fc_instance *instance, uint32_t channel, double input, double output);

/* What a worker that runs no script found; see worker/probe.h for the lines. */
struct python_probe {
    bool held;        /* every layer is up that has to be, and the link works */
    char lines[4096]; /* LAYER, OUTCOME, TEXT, separated by tabs */
    char why[160];    /* how the worker ended; empty before there was one */
};

/*
 * Makes a worker of an instance that was not started, runs `runtime`'s loop until it has ended, and says
 * what it found. Makes the state folder, as a start does. -errno if no worker could be tried, with the
 * reason in the log.
 */
int python_probe(const struct fc_instance *instance, struct runtime *runtime, struct python_probe *probe);

/* One line per option: as in a configuration, and what it opens in words. For an instance that was probed. */
void python_print_opens(const struct fc_instance *instance, FILE *out);

/* Everything that the script may see beside its private folder. 0 or -ENOMEM. */
int python_collect_shown(const struct fc_instance *instance, struct path_set *shown);

#endif
