/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The figures of an instance, of all the workers that it had taken together. Counting costs no system call,
 * and reading them only one for the processor time.
 */
#ifndef BROKER_PYTHON_STATS_H
#define BROKER_PYTHON_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fc_instance;
struct guest;
struct python;

struct python_stats {
    uint64_t in;          /* events given to the script */
    uint64_t out;         /* events that it put out and that were emitted */
    uint64_t coalesced;   /* events, in either direction, that gave way to a newer one of their channel */
    uint64_t dropped;     /* events that reached no worker */
    uint64_t exceptions;  /* raised by handlers */
    uint64_t restarts;    /* workers that were started after another one's end */
    uint64_t queue;       /* events that wait for the script */
    uint64_t queue_max;   /* the most that waited since the last line of the option stats */
    uint64_t queue_peak;  /* the most that ever waited */
    uint64_t batches;     /* that the script has finished */
    uint64_t busy_p50_us; /* the times from sending a batch until it is finished */
    uint64_t busy_p99_us;
    uint64_t busy_max_us;
    uint64_t memory_bytes; /* of the present worker, as the counter saw it last; 0 if there is none */
    uint64_t cpu_ns;
};

/* Without `usage`, the clock of the worker is not read, and `memory_bytes` and `cpu_ns` are 0. */
void python_stats_read(const struct fc_instance *instance, struct python_stats *stats, bool usage);

/* Counts: an event came; a batch was sent at `sent_ns`; one may be done; the worker has ended. */
void python_count_waiting(struct python *python);
void python_count_sent(struct python *python, size_t n_events, uint64_t sent_ns);
void python_count_handled(struct python *python);
void python_count_ended(struct python *python);

/* Counts exceptions that handlers raised. */
void python_count_exceptions(struct python *python, uint32_t n);

/*
 * Returns whether the script raises: it has within the last seconds, or in the last batch that it had. A
 * worker that has just begun has raised nothing so far.
 */
bool python_is_raising(const struct python *python, uint64_t now_ns);

/* Counts intervals, which were called from then until now, according to the worker. */
void python_count_ticked(struct python *python, uint64_t from_ns);

/* Adds the processor time of a worker that is about to go. NULL is fine. */
void python_count_cpu(struct python *python, const struct guest *guest);

/* Begins and ends the lines of the option stats. Without the option there is no timer. */
void python_stats_start(struct python *python);
void python_stats_stop(struct python *python);

#endif
