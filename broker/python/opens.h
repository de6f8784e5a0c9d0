/* SPDX-License-Identifier: BSD-2-Clause */
/* What the options of an instance open, in words. */
#ifndef BROKER_PYTHON_OPENS_H
#define BROKER_PYTHON_OPENS_H

#include <stdio.h>

struct fc_instance;

/* Prints a line per option: as in a configuration, and in words. The instance must have been probed. */
void python_print_opens(const struct fc_instance *instance, FILE *out);

#endif
