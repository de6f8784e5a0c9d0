/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether, and when, a worker that has ended is started again. Pure: time and chance come in, a delay goes
 * out.
 */
#ifndef BROKER_PYTHON_RESTART_H
#define BROKER_PYTHON_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#define RESTART_MAX_LIMIT 100u
#define RESTART_NOT       UINT64_MAX

enum restart_mode {
    RESTART_ALWAYS,
    RESTART_ON_FAILURE, /* not after an end with status 0 */
    RESTART_NEVER,
};

/* Starts as zero, but for the options. */
struct restart {
    /* options */
    enum restart_mode mode;
    uint64_t max_delay_ns;
    uint64_t limit; /* so many restarts within `window_ns`, and then none; 0: without limit */
    uint64_t window_ns;

    unsigned streak;                   /* of ends that soon followed a start */
    uint64_t at_ns[RESTART_MAX_LIMIT]; /* the latest restarts, a ring */
    uint64_t n;
};

/*
 * A worker that was started at `started_ns` has ended: the delay until its restart, or RESTART_NOT. The first
 * restart is at once, the next ones double from 100 ms on, until one has run for ten seconds. `chance` is any
 * number: it spreads the restarts of those that fell together.
 */
uint64_t restart_delay_ns(struct restart *restart, uint64_t started_ns, uint64_t now_ns, bool is_clean,
                          uint32_t chance);

/* Whether the limit is why nothing is started. */
bool restart_is_exhausted(const struct restart *restart, uint64_t now_ns);

#endif
