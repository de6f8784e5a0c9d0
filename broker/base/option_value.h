/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds of values that several options have. Pure; -EINVAL comes with `reason` filled. */
#ifndef BROKER_BASE_OPTION_VALUE_H
#define BROKER_BASE_OPTION_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "firecurtain/backend.h"

/* Reads a whole number from `min` to `max`. With `sizes`, k, M or G may follow. 0 or -EINVAL. */
int option_value_number(const char *value, uint64_t min, uint64_t max, bool sizes, uint64_t *number,
                        struct fc_reason *reason);

/* Reads a percentage of one core, such as "50%". 0 or -EINVAL. */
int option_value_percent(const char *value, uint64_t *percent, struct fc_reason *reason);

/* Removes empty parts and single dots. False if the path is the root, or if a part of it is "..". */
bool option_value_clean_path(char *path);

#endif
