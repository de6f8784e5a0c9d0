/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the values of options. Runs in the program of the command line. */
#include "broker/cli/values.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/option_value.h"
#include "firecurtain/log.h"

#define CLI_LEAST_SIZE 65536 /* bytes of a recording, so that the largest block fits */

static bool values_speed(const char *text, double *speed)
{
    char *end;

    *speed = strtod(text, &end);
    if (strcmp(text, "max") == 0)
        *speed = 0;
    return strcmp(text, "max") == 0 || (!*end && end != text && *speed >= 0.01 && *speed <= 1000);
}

static bool values_lines(const char *text, uint32_t *lines)
{
    char *end;

    *lines = (uint32_t)strtoul(text, &end, 10);
    return !*end && end != text && *lines >= 1 && *lines <= 100000;
}

static bool values_bytes(const char *text, uint64_t *bytes)
{
    struct fc_reason reason;

    return option_value_number(text, CLI_LEAST_SIZE, INT64_MAX, true, bytes, &reason) >= 0;
}

const char *cli_take_value(struct cli_options *options, int letter, const char *value)
{
    switch (letter) {
    case 'l':
        return log_parse_level(value, &options->level)
                   ? NULL
                   : "--log-level must be error, warning, info or debug, not";
    case 'F':
        return log_parse_format(value, &options->format) ? NULL : "--log-format must be text or json, not";
    case 'n':
        return values_lines(value, &options->lines) ? NULL : "--lines must be a number from 1 to 100000, not";
    case 'm':
        return values_bytes(value, &options->max_bytes)
                   ? NULL
                   : "--max-size must be at least 64k, such as 200M, not";
    case 'S':
        return values_speed(value, &options->speed)
                   ? NULL
                   : "--speed must be a number from 0.01 to 1000, or max, not";
    case 'a':
        return cli_parse_span(value, &options->seconds)
                   ? NULL
                   : "--for must be a time up to 366d, such as 90m, 12h or 30d, not";
    case 'r':
        options->runtime_folder = value;
        break;
    case 'R':
        options->record = value;
        break;
    case 'o':
        options->role = value;
        break;
    case 'k':
        options->revoke = value;
        break;
    default:
        break;
    }
    return NULL;
}
