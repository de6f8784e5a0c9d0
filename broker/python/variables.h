/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables that the option `env` cannot set with any effect. Pure; broker and `check`. */
#ifndef BROKER_PYTHON_VARIABLES_H
#define BROKER_PYTHON_VARIABLES_H

#include "firecurtain/backend.h"

/* Checks NAME=value. 0, or what fc_refuse() returns, with the reason why the variable would have no effect.
 */
int variables_check(const char *entry, struct fc_reason *reason);

#endif
