/* The python backend: scripts in workers. The only backend that is part of the core. */
#ifndef BROKER_PYTHON_H
#define BROKER_PYTHON_H

#include <stdio.h>

#include "broker/config.h"
#include "firecurtain/backend.h"

struct fc_instance;
struct runtime;

extern const struct fc_backend backend_python;

/*
 * What can be known about an instance's modules and handlers without running them: looks for the files, and
 * for the functions' names in them. Findings are added as errors. Reads files.
 */
void python_check(const struct fc_instance *instance, struct config *config);

/* What a worker that runs no script found; see worker/probe.h for the lines. */
struct python_probe {
    bool held;        /* every layer is up that has to be, and the link works */
    char lines[4096]; /* LAYER, OUTCOME, TEXT, separated by tabs */
    char why[160];    /* how the worker ended; empty before there was one */
};

/*
 * Makes a worker of an instance that was not started, runs `runtime`'s loop until it has ended, and says
 * what it found. Makes the state folder, as a start does. -errno if no worker could be tried, with the
 * reason in the log.
 */
int python_probe(const struct fc_instance *instance, struct runtime *runtime, struct python_probe *probe);

/* One line per option: as in a configuration, and what it opens in words. For an instance that was probed. */
void python_print_opens(const struct fc_instance *instance, FILE *out);

/* Everything that the script may see beside its private folder. 0 or -ENOMEM. */
int python_collect_shown(const struct fc_instance *instance, struct path_set *shown);

#endif
