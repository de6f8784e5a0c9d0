/* SPDX-License-Identifier: BSD-2-Clause */
/* How long the broker waits before it starts a worker or driver again. */
#include "broker/base/restart.h"

#include "firecurtain/time.h"

#define RESTART_FIRST_NS  (100 * FC_NS_PER_MS)
#define RESTART_STABLE_NS (10 * FC_NS_PER_S)
#define RESTART_SPREAD    4u /* up to a quarter of the delay */

bool restart_is_exhausted(const struct restart *restart, uint64_t now_ns)
{
    uint64_t oldest;

    if (!restart->limit || restart->n < restart->limit)
        return false;
    oldest = restart->at_ns[(restart->n - restart->limit) % RESTART_MAX_LIMIT];
    return now_ns - oldest < restart->window_ns;
}

static uint64_t restart_backoff_ns(const struct restart *restart, uint32_t chance)
{
    uint64_t delay_ns = RESTART_FIRST_NS;

    if (restart->streak == 0)
        return 0;
    for (unsigned i = 1; i < restart->streak && delay_ns < restart->max_delay_ns; i++)
        delay_ns *= 2;
    delay_ns += delay_ns / RESTART_SPREAD * (chance % 1024) / 1024;
    return delay_ns < restart->max_delay_ns ? delay_ns : restart->max_delay_ns;
}

uint64_t restart_delay_ns(struct restart *restart, uint64_t started_ns, uint64_t now_ns, bool is_clean,
                          uint32_t chance)
{
    uint64_t delay_ns;

    if (restart->mode == RESTART_NEVER || (restart->mode == RESTART_ON_FAILURE && is_clean) ||
        restart_is_exhausted(restart, now_ns))
        return RESTART_NOT;
    if (now_ns - started_ns >= RESTART_STABLE_NS)
        restart->streak = 0;
    delay_ns = restart_backoff_ns(restart, chance);
    restart->streak++;
    restart->at_ns[restart->n++ % RESTART_MAX_LIMIT] = now_ns;
    return delay_ns;
}
