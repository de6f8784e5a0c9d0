/* SPDX-License-Identifier: BSD-2-Clause */
/* Tries out how a driver is confined, for `check --sandbox`. In the command, not in the broker: it waits. */
#ifndef BROKER_PROXY_PROBE_H
#define BROKER_PROXY_PROBE_H

#include <stdbool.h>
#include <stdio.h>

struct fc_instance;
struct runtime;

struct proxy_probe {
    bool held;        /* the driver is confined, and the link works */
    char lines[4096]; /* what it has logged: LAYER, OUTCOME, TEXT, separated by tabs */
};

/*
 * Starts a driver for an instance of a show that does not run, has it confine itself, and ends it. 0, or
 * -errno if there could be none.
 */
int proxy_probe(const struct fc_instance *instance, struct runtime *runtime, struct proxy_probe *found);

/* Says in words what the instance's driver may open. */
void proxy_print_opens(const struct fc_instance *instance, FILE *out);

#endif
