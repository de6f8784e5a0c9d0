/* SPDX-License-Identifier: BSD-2-Clause */
/* Patterns of the verb watch. Pure. */
#ifndef BROKER_DESK_PATTERN_H
#define BROKER_DESK_PATTERN_H

#include <stdbool.h>

/* Returns whether a text fits a pattern with * and ?. Takes at most the product of their lengths. */
bool pattern_matches(const char *pattern, const char *text);

#endif
