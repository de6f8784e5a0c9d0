/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the broker's loop for what is due, and for nothing else. */
#ifndef TESTS_UNIT_TURN_H
#define TESTS_UNIT_TURN_H

#include "broker/base/loop.h"
#include "tests/unit/check.h"

static inline void turn_ends(void *loop)
{
    loop_stop(loop);
}

/* Runs one turn of the loop, which does not sleep. */
static inline void turn_once(struct loop *loop)
{
    struct loop_task end = {.fn = turn_ends, .userdata = loop};

    loop_defer(loop, &end);
    assert_int_equal(loop_run(loop), 0);
}

#endif
