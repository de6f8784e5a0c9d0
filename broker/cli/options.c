/* SPDX-License-Identifier: BSD-2-Clause */
/* The table, and what getopt_long() has to know of it. */
#include "broker/cli/options.h"

#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/base/option_value.h"
#include "broker/config/load.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"

#define OPTION_LEAST_SIZE 65536 /* bytes of a recording, so that the largest block fits */

static bool option_add_override(struct cli_options *options, bool is_backend, const char *text)
{
    struct config_override *overrides =
        grow_by_one(options->overrides, options->n_overrides, sizeof(*overrides));

    if (!overrides)
        return false;
    options->overrides = overrides;
    overrides[options->n_overrides++] = (struct config_override){.is_backend = is_backend, .text = text};
    return true;
}

static bool option_of_backend(struct cli_options *options, const char *value)
{
    return option_add_override(options, true, value);
}

static bool option_of_instance(struct cli_options *options, const char *value)
{
    return option_add_override(options, false, value);
}

static bool option_log_level(struct cli_options *options, const char *value)
{
    return log_parse_level(value, &options->level);
}

static bool option_log_format(struct cli_options *options, const char *value)
{
    return log_parse_format(value, &options->format);
}

static bool option_max_size(struct cli_options *options, const char *value)
{
    struct fc_reason reason;

    return option_value_number(value, OPTION_LEAST_SIZE, INT64_MAX, true, &options->max_bytes, &reason) >= 0;
}

static bool option_speed(struct cli_options *options, const char *value)
{
    bool is_max = strcmp(value, "max") == 0;
    char *end;

    options->speed = is_max ? 0 : strtod(value, &end);
    return is_max || (!*end && end != value && options->speed >= 0.01 && options->speed <= 1000);
}

static bool option_for(struct cli_options *options, const char *value)
{
    return cli_parse_span(value, &options->seconds);
}

static bool option_lines(struct cli_options *options, const char *value)
{
    char *end;

    options->lines = (uint32_t)strtoul(value, &end, 10);
    return !*end && end != value && options->lines >= 1 && options->lines <= 100000;
}

#define OPTION_TEXT(member) offsetof(struct cli_options, member)

/* In the order of the help. */
const struct option_row option_rows[OPTIONS_N] = {
    {.letter = 'b',
     .bit = CLI_OVERRIDE,
     .argument = "BACKEND.OPTION=VALUE",
     .help = "set an option of all instances of a backend",
     .read = option_of_backend},
    {.letter = 'i',
     .bit = CLI_OVERRIDE,
     .argument = "INSTANCE.OPTION=VALUE",
     .help = "set an option of one instance; the command line wins over the file",
     .read = option_of_instance},
    {.name = "--log-level",
     .bit = CLI_LOG_LEVEL,
     .argument = "LEVEL",
     .help = "error, warning, info (default) or debug",
     .read = option_log_level,
     .expected = "error, warning, info or debug"},
    {.name = "--log-format",
     .bit = CLI_LOG_FORMAT,
     .argument = "FORMAT",
     .help = "text (default) or json, an object in each line",
     .read = option_log_format,
     .expected = "text or json"},
    {.name = "--runtime-dir",
     .bit = CLI_RUNTIME,
     .argument = "DIR",
     .help = "runtime folder; a second show of the same user needs its own, by which other commands find it",
     .text = OPTION_TEXT(runtime_folder)},
    {.name = "--sandbox",
     .bit = CLI_SANDBOX,
     .help = "try which layers work here, and say what each option opens"},
    {.name = "--insecure-no-sandbox",
     .bit = CLI_NO_SANDBOX,
     .help = "nothing confines scripts, to debug your own; not as root"},
    {.name = "--record",
     .bit = CLI_RECORD,
     .argument = "FILE",
     .help = "record from the start",
     .text = OPTION_TEXT(record)},
    {.name = "--max-size",
     .bit = CLI_MAX_SIZE,
     .argument = "SIZE",
     .help = "end a recording at this size, such as 200M (1G)",
     .read = option_max_size,
     .expected = "at least 64k, such as 200M"},
    {.name = "--speed",
     .bit = CLI_SPEED,
     .argument = "N",
     .help = "N times as fast (1); max: as fast as the scripts can",
     .read = option_speed,
     .expected = "a number from 0.01 to 1000, or max"},
    {.name = "--mute", .bit = CLI_MUTE, .help = "nothing goes out to devices"},
    {.name = "--json",
     .bit = CLI_JSON,
     .help = "machine-readable output; of record only together with --print"},
    {.name = "--usage", .bit = CLI_USAGE, .help = "also memory and processor time"},
    {.name = "--channels", .bit = CLI_CHANNELS, .help = "instead, who last wrote the house's channels"},
    {.name = "--dot", .bit = CLI_DOT, .help = "output for Graphviz"},
    {.name = "--follow", .letter = 'f', .bit = CLI_FOLLOW, .help = "continue with new lines"},
    {.name = "--lines",
     .letter = 'n',
     .bit = CLI_LINES,
     .argument = "N",
     .help = "the last N lines (50)",
     .read = option_lines,
     .expected = "a number from 1 to 100000"},
    {.name = "--time", .bit = CLI_TIME, .help = "when each value came"},
    {.name = "--print", .bit = CLI_PRINT, .help = "print FILE as text"},
    {.name = "--role",
     .bit = CLI_ROLE,
     .argument = "ROLE",
     .help = "observer, operator or administrator (your own role)",
     .text = OPTION_TEXT(role)},
    {.name = "--for",
     .bit = CLI_FOR,
     .argument = "TIME",
     .help = "a link that works as often as you like, for so long: 12h, 30d",
     .read = option_for,
     .expected = "a time up to 366d, such as 90m, 12h or 30d"},
    {.name = "--pin",
     .bit = CLI_PIN,
     .help = "with --for, ask for a PIN, without which the browser only looks"},
    {.name = "--list", .bit = CLI_LIST, .help = "the links that there are"},
    {.name = "--revoke",
     .bit = CLI_REVOKE,
     .argument = "NUMBER",
     .help = "end one, and the pages that it has opened",
     .text = OPTION_TEXT(revoke)},
    {.name = "--remove", .bit = CLI_REMOVE, .help = "remove private folders that no show has any more"},
};

/* What getopt_long() returns for a name: its row, above all letters. */
#define OPTION_NAMED 256

static void option_list_names(struct option names[OPTIONS_N + 3])
{
    size_t n = 0;

    names[n++] = (struct option){"help", no_argument, NULL, 'h'};
    names[n++] = (struct option){"version", no_argument, NULL, 'v'};
    for (int i = 0; i < OPTIONS_N; i++) {
        const struct option_row *row = &option_rows[i];

        if (row->name)
            names[n++] =
                (struct option){row->name + strlen("--"), row->argument ? required_argument : no_argument,
                                NULL, OPTION_NAMED + i};
    }
    names[n] = (struct option){0};
}

/* The first colon has getopt_long() tell a missing value from an unknown option. */
static void option_list_letters(char letters[2 * OPTIONS_N + 5])
{
    char *end = stpcpy(letters, ":hvV");

    for (size_t i = 0; i < OPTIONS_N; i++) {
        if (!option_rows[i].letter)
            continue;
        *end++ = option_rows[i].letter;
        if (option_rows[i].argument)
            *end++ = ':';
    }
    *end = '\0';
}

static int option_with_letter(int letter)
{
    for (int i = 0; i < OPTIONS_N; i++) {
        if (option_rows[i].letter == letter)
            return i;
    }
    return OPTION_UNKNOWN;
}

int option_next(int argc, char **argv)
{
    struct option names[OPTIONS_N + 3];
    char letters[2 * OPTIONS_N + 5];
    int found;

    option_list_names(names);
    option_list_letters(letters);
    found = getopt_long(argc, argv, letters, names, NULL);
    switch (found) {
    case -1:
        return OPTION_END;
    case 'h':
        return OPTION_HELP;
    case 'v':
    case 'V':
        return OPTION_VERSION;
    case ':':
        return OPTION_WITHOUT_VALUE;
    case '?':
        return OPTION_UNKNOWN;
    default:
        return found >= OPTION_NAMED ? found - OPTION_NAMED : option_with_letter(found);
    }
}

bool option_take(struct cli_options *options, const struct option_row *row, const char *value)
{
    options->given |= row->bit;
    if (row->read)
        return row->read(options, value);
    if (row->argument)
        *(const char **)((char *)options + row->text) = value;
    return true;
}

const char *option_name(const struct option_row *row, char text[3])
{
    if (row->name)
        return row->name;
    snprintf(text, 3, "-%c", row->letter);
    return text;
}
