/* SPDX-License-Identifier: BSD-2-Clause */
/* Patterns with * and ?, as `watch` and `get` take them for channels. Pure; in the desk and the command line.
 */
#ifndef BROKER_BASE_PATTERN_H
#define BROKER_BASE_PATTERN_H

#include <stdbool.h>

/* Returns whether a text fits a pattern with * and ?. Takes at most the product of their lengths. */
bool pattern_matches(const char *pattern, const char *text);

#endif
