/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the broker's loop for what an input has made ready, and for nothing else. */
#ifndef TESTS_FUZZ_TURN_H
#define TESTS_FUZZ_TURN_H

#include "broker/base/loop.h"
#include "tests/fuzz/fuzz.h"

static inline void turn_ends(void *loop)
{
    loop_stop(loop);
}

/* Runs one turn of the loop, which does not sleep. */
static inline void turn_once(struct loop *loop)
{
    struct loop_task task = {.fn = turn_ends, .userdata = loop};

    loop_defer(loop, &task);
    require(loop_run(loop) == 0);
}

#endif
