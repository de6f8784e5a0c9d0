/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be known about an instance's modules and handlers without running them. Runs in the broker. */
#ifndef BROKER_PYTHON_CHECK_H
#define BROKER_PYTHON_CHECK_H

#include <stdbool.h>

struct config;
struct fc_instance;

/*
 * Looks for the files of the modules and those of the options `read`; with `handlers`, also for the names of
 * the handlers in them. Adds findings as errors. Reads files.
 */
void python_check(const struct fc_instance *instance, struct config *config, bool handlers);

#endif
