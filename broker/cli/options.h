/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of the command line's options: their names, what they mean, and how their values are read. Which
 * command takes which of them is in the table of commands (cli.c). Runs in the process of the command.
 */
#ifndef BROKER_CLI_OPTIONS_H
#define BROKER_CLI_OPTIONS_H

#include "broker/cli/common.h"

struct option_row {
    const char *name;     /* with its dashes; NULL: it has only a letter */
    char letter;          /* 0: it has only a name */
    enum cli_option bit;  /* in `given` */
    const char *argument; /* the value, as the help calls it; NULL: it takes none */
    const char *help;     /* what it means */

    /*
     * Reads the value, which must outlive `options`. False if it is not what is `expected`; or, without
     * that, if there is no memory. NULL: it takes none, or any text.
     */
    bool (*read)(struct cli_options *options, const char *value);
    const char *expected;
    size_t text; /* without `read`: where in cli_options the value is kept */
};

#define OPTIONS_N 25

extern const struct option_row option_rows[OPTIONS_N];

/* What option_next() returns beside the numbers of rows. */
enum option_found {
    OPTION_END = -1,
    OPTION_HELP = OPTIONS_N,
    OPTION_VERSION,
    OPTION_UNKNOWN,
    OPTION_WITHOUT_VALUE,
};

/* Finds the next option, as getopt_long() does, with the value in `optarg`. */
int option_next(int argc, char **argv);

/* Notes that an option was given, and takes its value. False: see `read`. */
bool option_take(struct cli_options *options, const struct option_row *row, const char *value);

/* Returns the name of an option for messages: "--json", or "-b". */
const char *option_name(const struct option_row *row, char text[3]);

#endif
