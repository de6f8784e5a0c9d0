/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options of the command line, and what several subcommands do with them. Subcommands run in the process
 * that the user started; `run` and `replay` become the program firecurtain-broker.
 */
#ifndef BROKER_CLI_COMMON_H
#define BROKER_CLI_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/log.h"
#include "firecurtain/log.h"

struct config_override;

struct cli_options {
    const char *path; /* of the configuration; NULL if none was given */
    char **words;     /* the arguments after the command */
    size_t n_words;
    struct config_override *overrides;
    size_t n_overrides;
    enum fc_log_level level;
    enum log_format format;     /* run, replay: of the log */
    const char *runtime_folder; /* NULL: the usual one */
    unsigned given;             /* enum cli_option, or-ed */
    uint32_t lines;             /* logs: at most so many lines */
    const char *record;         /* run, replay: the file to record to, or NULL */
    uint64_t max_bytes;         /* of a recording */
    const char *role;           /* console: of a link, or NULL */
    const char *revoke;         /* console: the number of a link, or NULL */
    uint64_t seconds;           /* console: that a link lasts; 0: it works once */
    double speed;               /* replay: 1 is as it was, 0 as fast as the scripts can */
};

/* Options that only some commands take. */
enum cli_option {
    CLI_OVERRIDE = 1,        /* -b, -i */
    CLI_SANDBOX = 2,         /* check: also try the layers of the sandbox */
    CLI_NO_SANDBOX = 4,      /* run: without a sandbox */
    CLI_JSON = 8,            /* machine-readable output */
    CLI_USAGE = 16,          /* status: also memory and processor time */
    CLI_DOT = 32,            /* routes: output for Graphviz */
    CLI_FOLLOW = 64,         /* logs: continue with new lines */
    CLI_LINES = 128,         /* logs: how many */
    CLI_RUNTIME = 256,       /* the broker's runtime folder */
    CLI_LOG_LEVEL = 512,     /* of what this process logs */
    CLI_RECORD = 1024,       /* run, replay: record from the start */
    CLI_MAX_SIZE = 2048,     /* of a recording */
    CLI_PRINT = 4096,        /* record: print a file as text */
    CLI_SPEED = 8192,        /* replay */
    CLI_MUTE = 16384,        /* replay: nothing goes out to devices */
    CLI_CHANNELS = 32768,    /* status: who last wrote the house's channels */
    CLI_LOG_FORMAT = 131072, /* run, replay: of the log */
    CLI_ROLE = 262144,       /* console */
    CLI_FOR = 524288,        /* console */
    CLI_LIST = 1048576,      /* console */
    CLI_REVOKE = 2097152,    /* console */
    CLI_TIME = 65536,        /* watch: when each value came */
    CLI_REMOVE = 4194304,    /* state: remove folders */
    CLI_PIN = 8388608,       /* console */
};

/* Reads a time span such as 30d. */
bool cli_parse_span(const char *text, uint64_t *seconds);

/* Returns the value of --runtime-dir, allocated, or NULL. */
char *cli_runtime_folder(const struct cli_options *options);

#endif
