/* The command line: a table of subcommands, and what they share. Exit statuses are those of sysexits.h. */
#ifndef BROKER_CLI_CLI_H
#define BROKER_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/config.h"
#include "firecurtain/log.h"

struct cli_options {
    const char *path; /* of the configuration; NULL if none was given */
    struct config_override *overrides;
    size_t n_overrides;
    enum fc_log_level level;
    const char *runtime_folder; /* NULL: the usual one */
    bool sandbox;               /* check: try the layers too */
    bool no_sandbox;            /* run: without any */
};

struct show;
struct users;

struct cli_command {
    const char *name;
    const char *arguments;
    const char *summary;
    int (*run)(const struct cli_options *options);
};

extern const struct cli_command cli_commands[];
extern const size_t cli_n_commands;

/* One file per subcommand; each returns the exit status. */
int cli_run(const struct cli_options *options);
int cli_check(const struct cli_options *options);

/*
 * Prints what holds a script of each Python instance, and what its options open. EX_OK if every instance
 * would start. The show must not have been started.
 */
int cli_check_sandbox(const struct cli_options *options, struct show *show, struct users *users);

/* For struct runtime: of the option --runtime-dir, or NULL. */
char *cli_runtime_folder(const struct cli_options *options);

/* Finds the command, reads its options, runs it. */
int cli_main(int argc, char **argv);

/*
 * The configuration that the options name. NULL with the exit status in `*status` and the reason on stderr.
 */
struct config *cli_load(const struct cli_options *options, int *status);

#endif
