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

/* Options, of which each command takes some: those of option_rows[], in the same order. */
enum cli_option {
    CLI_OVERRIDE = 1u << 0,   /* -b, -i */
    CLI_LOG_LEVEL = 1u << 1,  /* of what this process logs */
    CLI_LOG_FORMAT = 1u << 2, /* of the log */
    CLI_RUNTIME = 1u << 3,    /* the broker's runtime folder */
    CLI_SANDBOX = 1u << 4,    /* also try the layers of the sandbox */
    CLI_NO_SANDBOX = 1u << 5, /* without a sandbox */
    CLI_RECORD = 1u << 6,     /* record from the start */
    CLI_MAX_SIZE = 1u << 7,   /* of a recording */
    CLI_SPEED = 1u << 8,      /* of a replay */
    CLI_MUTE = 1u << 9,       /* nothing goes out to devices */
    CLI_JSON = 1u << 10,      /* machine-readable output */
    CLI_USAGE = 1u << 11,     /* also memory and processor time */
    CLI_CHANNELS = 1u << 12,  /* who last wrote the house's channels */
    CLI_DOT = 1u << 13,       /* output for Graphviz */
    CLI_FOLLOW = 1u << 14,    /* continue with new lines */
    CLI_LINES = 1u << 15,     /* how many */
    CLI_TIME = 1u << 16,      /* when each value came */
    CLI_PRINT = 1u << 17,     /* a recording as text */
    CLI_ROLE = 1u << 18,      /* of a link */
    CLI_FOR = 1u << 19,       /* how long a link works */
    CLI_PIN = 1u << 20,       /* that a link has */
    CLI_LIST = 1u << 21,      /* links */
    CLI_REVOKE = 1u << 22,    /* a link */
    CLI_REMOVE = 1u << 23,    /* folders */
};

/* Reads a time span such as 30d. */
bool cli_parse_span(const char *text, uint64_t *seconds);

/* Returns the value of --runtime-dir, allocated, or NULL. */
char *cli_runtime_folder(const struct cli_options *options);

#endif
