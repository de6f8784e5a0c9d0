/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: a table of subcommands, and what they share. Exit statuses are those of sysexits.h. */
#ifndef BROKER_CLI_CLI_H
#define BROKER_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/config/config.h"
#include "firecurtain/log.h"

struct cli_options {
    const char *path; /* of the configuration; NULL if none was given */
    char **words;     /* what stands behind the command */
    size_t n_words;
    struct config_override *overrides;
    size_t n_overrides;
    enum fc_log_level level;
    const char *runtime_folder; /* NULL: the usual one */
    unsigned given;             /* enum cli_option, or-ed */
    uint32_t lines;             /* logs: so many at most */
    const char *record;         /* run, replay: the file to record to, or NULL */
    const char *replays;        /* the recording to replay, or NULL */
    uint64_t max_bytes;         /* of a recording */
    double speed;               /* replay: 1 is as it was, 0 as fast as it goes */
};

/* Options that only some commands know. */
enum cli_option {
    CLI_OVERRIDE = 1,     /* -b, -i */
    CLI_SANDBOX = 2,      /* check: try the layers too */
    CLI_NO_SANDBOX = 4,   /* run: without any */
    CLI_JSON = 8,         /* for programs */
    CLI_USAGE = 16,       /* status: memory and processor time, too */
    CLI_DOT = 32,         /* routes: for Graphviz */
    CLI_FOLLOW = 64,      /* logs: go on */
    CLI_LINES = 128,      /* logs: how many */
    CLI_RUNTIME = 256,    /* where the broker's folder is */
    CLI_LOG_LEVEL = 512,  /* of what this process logs */
    CLI_RECORD = 1024,    /* run, replay: record from the beginning */
    CLI_MAX_SIZE = 2048,  /* of a recording */
    CLI_PRINT = 4096,     /* record: the file as text */
    CLI_SPEED = 8192,     /* replay */
    CLI_MUTE = 16384,     /* replay: nothing on devices */
    CLI_CHANNELS = 32768, /* status: who wrote the house's channels last */
};

struct show;
struct users;

struct cli_command {
    const char *name;
    const char *arguments;
    const char *summary;
    int (*run)(const struct cli_options *options);
    unsigned options; /* enum cli_option, or-ed: those that it takes */
    size_t min_words;
    size_t max_words;
    size_t show_word; /* which word is a configuration file, from 1; 0: none */
};

extern const struct cli_command cli_commands[];
extern const size_t cli_n_commands;

/* One file per subcommand; each returns the exit status. */
int cli_run(const struct cli_options *options);
int cli_replay(const struct cli_options *options);
int cli_check(const struct cli_options *options);
int cli_start(const struct cli_options *options);
int cli_stop(const struct cli_options *options);
int cli_restart(const struct cli_options *options);
int cli_reload(const struct cli_options *options);
int cli_freeze(const struct cli_options *options);
int cli_unfreeze(const struct cli_options *options);
int cli_status(const struct cli_options *options);
int cli_top(const struct cli_options *options);
int cli_logs(const struct cli_options *options);
int cli_watch(const struct cli_options *options);
int cli_routes(const struct cli_options *options);
int cli_emit(const struct cli_options *options);
int cli_record(const struct cli_options *options);

/* A recording as text, or with --json for programs. */
int cli_record_print(const struct cli_options *options);

/*
 * Prints what holds a script of each Python instance, and what its options open. EX_OK if every instance
 * would start. The show must not have been started.
 */
int cli_check_sandbox(const struct cli_options *options, struct show *show, struct users *users);

/* For struct runtime: of the option --runtime-dir, allocated, or NULL. */
char *cli_runtime_folder(const struct cli_options *options);

/*
 * SIGINT, SIGTERM and SIGHUP come from the descriptor that it returns, or -1 with errno. Before any thread
 * exists: all of them inherit the mask.
 */
int cli_block_signals(void);

/* Finds the command, reads its options, runs it. */
int cli_main(int argc, char **argv);

/*
 * The configuration that the options name. NULL with the exit status in `*status` and the reason on stderr.
 */
struct config *cli_load(const struct cli_options *options, int *status);

#endif
