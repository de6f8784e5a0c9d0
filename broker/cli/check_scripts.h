/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of `firecurtain check` that has scripts compiled. */
#ifndef BROKER_CLI_CHECK_SCRIPTS_H
#define BROKER_CLI_CHECK_SCRIPTS_H

struct cli_options;
struct config;
struct show;
struct users;

/* Has the scripts of a sound show compiled, and adds what is found to `config`. */
void cli_check_scripts(const struct cli_options *options, struct show *show, struct users *users,
                       struct config *config);

#endif
