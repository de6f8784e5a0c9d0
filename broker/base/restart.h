/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether and when a worker or driver that has ended is started again. Pure: takes the time and a random
 * number, returns a delay.
 */
#ifndef BROKER_BASE_RESTART_H
#define BROKER_BASE_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#define RESTART_MAX_LIMIT 100u
#define RESTART_NOT       UINT64_MAX

enum restart_mode {
    RESTART_ALWAYS,
    RESTART_ON_FAILURE, /* not after exit status 0 */
    RESTART_NEVER,
};

/* Zero it, and set the options. */
struct restart {
    /* options */
    enum restart_mode mode;
    uint64_t max_delay_ns;
    uint64_t limit; /* restarts within `window_ns`; after that, none; 0: no limit */
    uint64_t window_ns;

    unsigned streak;                   /* of ends that followed a start soon */
    uint64_t at_ns[RESTART_MAX_LIMIT]; /* the latest restarts, a ring */
    uint64_t n;
};

/*
 * Returns the delay after the end of a worker that was started at `started_ns`, or RESTART_NOT. The first
 * restart is immediate; then delays double from 100 ms on, until a worker has run for ten seconds. `chance`
 * is any number; it spreads the restarts of workers that ended together.
 */
uint64_t restart_delay_ns(struct restart *restart, uint64_t started_ns, uint64_t now_ns, bool is_clean,
                          uint32_t chance);

/*
 * Returns the delay before the next try of something that fails again and again: twice the last one, which is
 * 0 before the first try, but at most `most_ns`.
 */
static inline uint64_t restart_next_ns(uint64_t last_ns, uint64_t first_ns, uint64_t most_ns)
{
    uint64_t next_ns = last_ns ? 2 * last_ns : first_ns;

    return next_ns < most_ns ? next_ns : most_ns;
}

/* Whether the limit is the reason why nothing is started. */
bool restart_is_exhausted(const struct restart *restart, uint64_t now_ns);

#endif
