/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of an instance. Only text is read here. Only for this folder. */
#ifndef BROKER_PYTHON_OPTIONS_H
#define BROKER_PYTHON_OPTIONS_H

#include <stdbool.h>

#include "firecurtain/backend.h"

struct python;

extern const struct fc_option python_options[];

/* Sets an option; a slot of the backend's table. */
int python_configure(void *self, enum fc_scope scope, const char *option, const char *value,
                     struct fc_reason *reason);

/* Whether an option was set, for the instance or for all of the backend. */
bool python_is_given(const struct python *python, const char *option);

#endif
