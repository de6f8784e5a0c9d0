/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes of an instance's state. */
#include "broker/python/state.h"

#include <assert.h>

#include "broker/python/private.h"

#define TO(state) (1u << (state))

static const unsigned state_changes[PYTHON_STATES_] = {
    [PYTHON_RESTING] = TO(PYTHON_RESTING) | TO(PYTHON_ACTIVE),
    [PYTHON_ACTIVE] = TO(PYTHON_ACTIVE) | TO(PYTHON_FAILED) | TO(PYTHON_STOPPING) | TO(PYTHON_RESTING),
    [PYTHON_FAILED] = TO(PYTHON_ACTIVE) | TO(PYTHON_STOPPING_FAILED) | TO(PYTHON_RESTING),
    [PYTHON_STOPPING] = TO(PYTHON_STOPPING) | TO(PYTHON_STOPPING_FAILED) | TO(PYTHON_RESTING),
    [PYTHON_STOPPING_FAILED] = TO(PYTHON_STOPPING) | TO(PYTHON_STOPPING_FAILED) | TO(PYTHON_RESTING),
};

bool python_state_may_follow(enum python_state from, enum python_state to)
{
    return from < PYTHON_STATES_ && to < PYTHON_STATES_ && (state_changes[from] & TO(to));
}

void python_set_state(struct python *python, enum python_state state)
{
    assert(python_state_may_follow(python->state, state));
    python->state = state;
}

bool python_is_stopping(const struct python *python)
{
    return python->state >= PYTHON_STOPPING;
}

bool python_is_failed(const struct python *python)
{
    return python->state == PYTHON_FAILED || python->state == PYTHON_STOPPING_FAILED;
}

void python_set_failed(struct python *python, bool failed)
{
    if (python_is_stopping(python))
        python_set_state(python, failed ? PYTHON_STOPPING_FAILED : PYTHON_STOPPING);
    else
        python_set_state(python, failed ? PYTHON_FAILED : PYTHON_ACTIVE);
}
