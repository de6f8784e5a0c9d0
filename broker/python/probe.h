/* SPDX-License-Identifier: BSD-2-Clause */
/* Tries out a worker that runs no script (`check --sandbox`). */
#ifndef BROKER_PYTHON_PROBE_H
#define BROKER_PYTHON_PROBE_H

#include <stdbool.h>

struct fc_instance;
struct runtime;

/* What the worker found; see worker/probe.h for the lines. */
struct python_probe {
    bool held;        /* every necessary layer is up, and the link works */
    char lines[4096]; /* LAYER, OUTCOME, TEXT, separated by tabs */
    char why[160];    /* how the worker ended; empty if there was none */
};

/*
 * Makes a worker for an instance that was not started, runs the loop of `runtime` until the worker has ended,
 * and fills in what it found. Makes the private folder, as a start does. -errno if no worker could be tried,
 * with the reason in the log.
 */
int python_probe(const struct fc_instance *instance, struct runtime *runtime, struct python_probe *probe);

#endif
