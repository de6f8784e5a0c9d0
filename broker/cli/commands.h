/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The subcommands, as the table in cli.c lists them: that is the only place that calls them, so they have one
 * header together instead of one each. Each returns the exit status.
 */
#ifndef BROKER_CLI_COMMANDS_H
#define BROKER_CLI_COMMANDS_H

struct cli_options;

int cli_run(const struct cli_options *options);    /* run.c */
int cli_replay(const struct cli_options *options); /* run.c */
int cli_check(const struct cli_options *options);  /* check.c */
int cli_init(const struct cli_options *options);   /* init.c */
int cli_doctor(const struct cli_options *options); /* doctor.c */

int cli_start(const struct cli_options *options);    /* change.c */
int cli_stop(const struct cli_options *options);     /* change.c */
int cli_restart(const struct cli_options *options);  /* change.c */
int cli_reload(const struct cli_options *options);   /* change.c */
int cli_freeze(const struct cli_options *options);   /* change.c */
int cli_panic(const struct cli_options *options);    /* change.c */
int cli_unfreeze(const struct cli_options *options); /* change.c */

int cli_status(const struct cli_options *options);   /* status.c */
int cli_top(const struct cli_options *options);      /* top.c */
int cli_logs(const struct cli_options *options);     /* follow.c */
int cli_watch(const struct cli_options *options);    /* follow.c */
int cli_routes(const struct cli_options *options);   /* routes.c */
int cli_emit(const struct cli_options *options);     /* routes.c */
int cli_get(const struct cli_options *options);      /* channels.c */
int cli_channels(const struct cli_options *options); /* channels.c */
int cli_record(const struct cli_options *options);   /* record.c */
int cli_state(const struct cli_options *options);    /* state.c */
int cli_console(const struct cli_options *options);  /* console.c */

#endif
