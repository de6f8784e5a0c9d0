/* SPDX-License-Identifier: BSD-2-Clause */
/* Tries out a worker that runs no script (`check --sandbox`). */
#ifndef BROKER_PYTHON_PROBE_H
#define BROKER_PYTHON_PROBE_H

#include <stdbool.h>

struct fc_instance;
struct guest_spec;
struct python;
struct runtime;

/* What the worker found; see worker/probe.h for the lines. */
struct python_probe {
    bool held;         /* every necessary layer is up, and the link works */
    char lines[65536]; /* LAYER, OUTCOME, TEXT, separated by tabs; what was compiled has others */
    char why[512];     /* how the worker ended, or why there was none; or empty */
};

/*
 * Makes a worker for an instance that was not started, runs the loop of `runtime` until the worker has ended,
 * and fills in what it found. Makes the private folder, as a start does. -errno if no worker could be tried.
 */
int python_probe(const struct fc_instance *instance, struct runtime *runtime, struct python_probe *probe);

/* Does the same with a worker as described, whose folders are there. Only for this folder. */
int python_probe_as(struct python *python, struct runtime *runtime, const struct guest_spec *as,
                    struct python_probe *probe);

#endif
