/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last lines of the log, some of each instance, so that a talkative one does not displace the lines of
 * others. It has no clock and no lock, and belongs to the thread of the loop.
 */
#ifndef BROKER_CONTROL_LOG_RING_H
#define BROKER_CONTROL_LOG_RING_H

#include <stddef.h>
#include <stdint.h>

/* Limits, overhead included. The oldest lines go first, and those of the instance that has most. */
#define LOG_RING_LINES          200 /* of one instance */
#define LOG_RING_INSTANCE_BYTES 65536
#define LOG_RING_BYTES          (1u << 20) /* of all */

struct log_owner;

struct log_line {
    uint64_t number;   /* from 1, in the order in which they came */
    uint64_t time_ns;  /* since 1970 */
    const char *level; /* a constant */
    struct log_owner *owner;
    size_t n_bytes;                       /* with the structure */
    struct log_line *prev, *next;         /* of all */
    struct log_line *own_prev, *own_next; /* of the instance */
    char text[];
};

struct log_ring {
    struct log_line *lines;   /* oldest first */
    struct log_owner *owners; /* hash, by instance */
    size_t n_bytes;
    uint64_t last; /* the newest line's number */
};

void log_ring_deinit(struct log_ring *ring);

/* Adds a copy of a line; not if memory is short. */
void log_ring_add(struct log_ring *ring, uint64_t time_ns, const char *level, const char *instance,
                  const char *text, size_t n_bytes);

/* The last error of an instance, in one line. */
struct log_error {
    uint64_t time_ns;  /* since 1970; 0: there was none */
    const char *text;  /* such as "ValueError: no such light" */
    const char *place; /* in the script, such as "lights.py:12"; or empty */
};

/*
 * Returns what went wrong last in an instance: of a traceback, its last line. What the broker says about
 * workers that have ended and starts that have failed is left out, since `status` tells that in any case.
 */
struct log_error log_ring_error(const struct log_ring *ring, const char *instance);

/* Returns the instance of a line; "-" is the broker itself. */
const char *log_line_instance(const struct log_line *line);

/* Returns the oldest line of an instance (NULL: of any) with at least this number; or NULL. */
const struct log_line *log_ring_find(const struct log_ring *ring, uint64_t number, const char *instance);

/* Returns the next line of the instance (NULL: of any); or NULL. */
const struct log_line *log_ring_next(const struct log_line *line, const char *instance);

/* Returns the number at which the last `n` lines of an instance (NULL: of any) begin. */
uint64_t log_ring_tail(const struct log_ring *ring, size_t n, const char *instance);

#endif
