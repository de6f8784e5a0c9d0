/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How far a worker is, in memory that it shares with the broker: which calls it has begun and ended, and what
 * the script has put out and no report has told yet. The worker writes it without a system call. The broker
 * reads it when the watchdog looks, and after the worker's end: then nothing that the script had put out is
 * lost.
 *
 * The worker may be hostile, and may write while the broker reads. So the broker copies first and judges the
 * copy; the worst that a lie does is to mislead the broker about this worker. A memfd, sealed so that its
 * size cannot change: reading it cannot fail.
 */
#ifndef PROTO_PROGRESS_H
#define PROTO_PROGRESS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* The most outputs that no report has told yet: all of it is less than 64 KiB, which the smallest sensible
 * RLIMIT_FSIZE allows. */
#define PROGRESS_OUTPUTS 4096u

/* Counters are of the worker's whole life and only rise. */
struct progress {
    _Atomic uint64_t calls;   /* of the script by anything but an event, that were begun */
    _Atomic uint64_t begun;   /* events whose handlers were begun */
    _Atomic uint64_t done;    /* events whose handlers have returned or raised */
    _Atomic uint64_t base;    /* the number of the output that is the first in the arrays below */
    _Atomic uint64_t outputs; /* values that the script has put out */
    uint32_t channels[PROGRESS_OUTPUTS];
    double values[PROGRESS_OUTPUTS];
};

/* Counts one more, in the worker. */
static inline void progress_count(_Atomic uint64_t *counter)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_release);
}

/* The next output is number `base`, and goes to the beginning of the arrays: all before it were reported. In
 * the worker. */
static inline void progress_restart(struct progress *progress, uint64_t base)
{
    atomic_store_explicit(&progress->base, base, memory_order_release);
}

/* What the broker knows of one progress: its mapping, read-only. */
struct progress_reader {
    const struct progress *shared; /* NULL: there is none */
};

/* A copy of what was true at one moment, as far as the worker says the truth. */
struct progress_state {
    uint64_t calls;
    uint64_t begun;
    uint64_t done;
    uint64_t base;
    uint64_t outputs;
};

/*
 * Makes the memory. *fd is the caller's, close-on-exec, for the worker. -errno.
 */
int progress_new(struct progress_reader *reader, int *fd);

/* Unmaps it. An empty reader is fine. */
void progress_deinit(struct progress_reader *reader);

/* In the worker: maps it to be written. The descriptor stays the caller's. -errno. */
int progress_map(struct progress **progress, int fd);

/* Copies the counters. Zero without a progress. */
struct progress_state progress_read(const struct progress_reader *reader);

/*
 * Copies the outputs from number `first` to the last one of `state`; `channels` and `values` have room for
 * PROGRESS_OUTPUTS. Returns their number; 0 too if that is impossible. Channels and values are the worker's
 * word.
 */
size_t progress_copy_outputs(const struct progress_reader *reader, const struct progress_state *state,
                             uint64_t first, uint32_t *channels, double *values);

/*
 * How many of `n` events that were sent after the first `before` are over: their handlers have returned, or
 * the worker's end came in one. At most `n`, whatever the worker says.
 */
size_t progress_events_over(const struct progress_state *state, uint64_t before, size_t n);

#endif
