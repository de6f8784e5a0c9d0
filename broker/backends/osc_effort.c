/* SPDX-License-Identifier: BSD-2-Clause */
/* An allowance that grows with time. */
#include "broker/backends/osc_effort.h"

#include "firecurtain/time.h"

#define EFFORT_STEP_NS 125 /* in which a whole number of steps comes together */

void osc_effort_init(struct osc_effort *effort, uint64_t now_ns)
{
    *effort = (struct osc_effort){.left = OSC_EFFORT_BURST, .since_ns = now_ns};
}

bool osc_effort_may_begin(struct osc_effort *effort, uint64_t now_ns)
{
    uint64_t n = (now_ns - effort->since_ns) / EFFORT_STEP_NS;
    uint64_t missing = (uint64_t)(OSC_EFFORT_BURST - effort->left);
    uint64_t each = OSC_EFFORT_PER_SECOND / (FC_NS_PER_S / EFFORT_STEP_NS);

    effort->since_ns += n * EFFORT_STEP_NS;
    effort->left += (int64_t)(n > missing / each ? missing : n * each);
    return effort->left > 0;
}

void osc_effort_spend(struct osc_effort *effort, size_t steps)
{
    effort->left -= (int64_t)steps;
}
