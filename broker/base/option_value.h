/* SPDX-License-Identifier: BSD-2-Clause */
/* Values that several options have. Pure; -EINVAL comes with `reason`. */
#ifndef BROKER_BASE_OPTION_VALUE_H
#define BROKER_BASE_OPTION_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "firecurtain/backend.h"

/* A whole number from `min` to `max`; with `sizes`, k, M or G may follow. */
int option_value_number(const char *value, uint64_t min, uint64_t max, bool sizes, uint64_t *number,
                        struct fc_reason *reason);

/* "50%" of one core. */
int option_value_percent(const char *value, uint64_t *percent, struct fc_reason *reason);

/* One spelling: no empty parts, no single dots. False if it is the root, or a part leads upwards. */
bool option_value_clean_path(char *path);

#endif
