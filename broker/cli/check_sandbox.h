/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain check --sandbox. */
#ifndef BROKER_CLI_CHECK_SANDBOX_H
#define BROKER_CLI_CHECK_SANDBOX_H

struct cli_options;
struct show;
struct users;

/*
 * Prints which layers hold for the script of each Python instance, and what its options open. Returns EX_OK
 * if every instance would start. The show must not have been started.
 */
int cli_check_sandbox(const struct cli_options *options, struct show *show, struct users *users);

#endif
