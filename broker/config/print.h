/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings as text. */
#ifndef BROKER_CONFIG_PRINT_H
#define BROKER_CONFIG_PRINT_H

#include <stdbool.h>
#include <stdio.h>

struct config;

/*
 * Prints all findings as `file:line:column: error: …` with the line and a caret: first those of the command
 * line, then file by file in the order of reading, by line. Control characters and invalid UTF-8 are escaped.
 */
void config_print_diagnostics(const struct config *config, FILE *out, bool colour);

#endif
