/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The states of an instance, and which may follow which: a table, so that what can happen is data. Only for
 * this folder.
 */
#ifndef BROKER_PYTHON_STATE_H
#define BROKER_PYTHON_STATE_H

#include <stdbool.h>

struct python;

enum python_state {
    PYTHON_RESTING,         /* not started yet, or stopped */
    PYTHON_ACTIVE,          /* has a worker, or will be given one */
    PYTHON_FAILED,          /* gets no worker until somebody starts it or the configuration is reloaded */
    PYTHON_STOPPING,        /* was asked to end, and its workers clean up */
    PYTHON_STOPPING_FAILED, /* the same after PYTHON_FAILED: events for it are still dropped */
    PYTHON_STATES_,
};

bool python_state_may_follow(enum python_state from, enum python_state to);

/* Changes the state. A change that is not in the table is a bug in the broker, and asserts. */
void python_set_state(struct python *python, enum python_state state);

/* Whether it was asked to end, and has not ended yet. */
bool python_is_stopping(const struct python *python);

/* Whether no worker will come, and events for it are dropped. */
bool python_is_failed(const struct python *python);

/* Gives the instance up, or another try; one that is stopping goes on stopping. */
void python_set_failed(struct python *python, bool failed);

#endif
