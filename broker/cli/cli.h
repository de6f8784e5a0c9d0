/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: finds the subcommand, reads its options, runs it. One file per subcommand, which knows
 * options and exit statuses (those of sysexits.h); what a command does beyond that is done in the folders
 * below. Runs in the process that the user started; `run` and `replay` become the program firecurtain-broker.
 */
#ifndef BROKER_CLI_CLI_H
#define BROKER_CLI_CLI_H

/* Returns the exit status. */
int cli_main(int argc, char **argv);

#endif
