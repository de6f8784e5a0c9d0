/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain record --print. */
#ifndef BROKER_CLI_RECORD_PRINT_H
#define BROKER_CLI_RECORD_PRINT_H

struct cli_options;

/* Prints a recording as text, or with --json for programs. Returns the exit status. */
int cli_record_print(const struct cli_options *options);

#endif
