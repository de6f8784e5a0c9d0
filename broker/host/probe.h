/* SPDX-License-Identifier: BSD-2-Clause */
/* What a driver says of its confinement for `check --sandbox`. Only for this folder. */
#ifndef BROKER_HOST_PROBE_H
#define BROKER_HOST_PROBE_H

#include "broker/os/confine.h"

/* Prints a line for each layer of this process to stderr: LAYER, OUTCOME, TEXT, separated by tabs. */
void probe_print(const struct confine_found *found);

#endif
