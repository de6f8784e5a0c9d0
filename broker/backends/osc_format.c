/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges of values. All arithmetic is in double: what an int64 loses by that is far below a step of any show.
 */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "broker/backends/osc_format.h"
#include "broker/backends/osc_pattern.h"
#include "firecurtain/cleanup.h"

#define OSC_FORMAT_BLANKS " \t"

static const struct osc_range osc_format_defaults[] = {
    {'i', 0, 255},
    {'f', 0, 1},
    {'h', 0, 1024},
    {'d', 0, 1},
};

bool osc_format_default(char type, struct osc_range *range)
{
    for (size_t n = 0; n < FC_ARRAY_SIZE(osc_format_defaults); n++) {
        if (osc_format_defaults[n].type == type) {
            *range = osc_format_defaults[n];
            return true;
        }
    }
    return false;
}

/* Rounds to what the type can hold, without its limits. */
static double round_to_type(char type, double value)
{
    switch (type) {
    case 'f':
        return (double)(float)value;
    case 'd':
        return value;
    default:
        return round(value);
    }
}

static bool is_whole(char type)
{
    return type == 'i' || type == 'h';
}

/* Reads a number: integers also as 0x10, as strtoll() does, and any type also as a decimal fraction. */
static bool read_number(char type, const char *text, double *value)
{
    char *end = NULL;

    errno = 0;
    if (is_whole(type)) {
        *value = (double)strtoll(text, &end, 0);
        if (end != text && !*end && !errno)
            return true;
    }
    *value = strtod(text, &end);
    return end != text && !*end;
}

/* Returns why `value` cannot be of the type, or NULL if it can. */
static const char *value_complaint(char type, double value)
{
    double limit = type == 'i' ? 0x1p31 : 0x1p63;

    if (!isfinite(value))
        return "not finite";
    if (is_whole(type) && value != round(value))
        return "not a whole number, which the type requires";
    if (is_whole(type) && (value < -limit || value >= limit))
        return "out of the range of the type";
    if (type == 'f' && !isfinite((float)value))
        return "out of the range of the type";
    return NULL;
}

/* Reads the next word of the line as one end of the range of value `n` (from 0). */
static int read_end(char **rest, const char *what, size_t n, char type, double *end, struct fc_reason *reason)
{
    const char *word = strtok_r(NULL, OSC_FORMAT_BLANKS, rest);
    const char *complaint;

    if (!word)
        return fc_refuse(reason, "the %s of value %zu (type %c) is missing", what, n + 1, type);
    if (!read_number(type, word, end))
        return fc_refuse(reason, "\"%.40s\", the %s of value %zu, is not a number", word, what, n + 1);
    complaint = value_complaint(type, *end);
    if (complaint)
        return fc_refuse(reason, "\"%.40s\", the %s of value %zu (type %c), is %s", word, what, n + 1, type,
                         complaint);
    *end = round_to_type(type, *end);
    return 0;
}

static int read_range(char **rest, size_t n, char type, struct osc_range *range, struct fc_reason *reason)
{
    int r;

    if (!osc_format_default(type, range))
        return fc_refuse(reason, "unknown type \"%c\"; the types are i, f, h and d", type);
    r = read_end(rest, "minimum", n, type, &range->min, reason);
    if (r == 0)
        r = read_end(rest, "maximum", n, type, &range->max, reason);
    if (r < 0)
        return r;
    if (range->min == range->max)
        return fc_refuse(reason, "minimum and maximum of value %zu are equal", n + 1);
    if (!isfinite(range->max - range->min))
        return fc_refuse(reason, "minimum and maximum of value %zu are too far apart", n + 1);
    return 0;
}

static int format_allocate(struct osc_format **format, const char *pattern, size_t n_ranges)
{
    struct osc_format *made = calloc(1, sizeof(*made) + n_ranges * sizeof(made->ranges[0]));

    if (!made)
        return -ENOMEM;
    made->n_ranges = n_ranges;
    made->pattern = strdup(pattern);
    *format = made->pattern ? made : osc_format_free(made);
    return *format ? 0 : -ENOMEM;
}

static void format_freep(struct osc_format **format)
{
    osc_format_free(*format);
}

static int read_types(const char *types, size_t *n_types, struct fc_reason *reason)
{
    if (!types)
        return fc_refuse(reason, "types and their ranges are missing; an example is \"f 0.0 1.0\"");
    *n_types = strlen(types);
    if (*n_types > OSC_FORMAT_MAX_VALUES)
        return fc_refuse(reason, "more than %d values", OSC_FORMAT_MAX_VALUES);
    return 0;
}

int osc_format_new(struct osc_format **format, const char *pattern, const char *value,
                   struct fc_reason *reason)
{
    FC_CLEANUP(format_freep) struct osc_format *made = NULL;
    FC_AUTO_FREE char *line = strdup(value);
    const char *complaint = osc_pattern_complaint(pattern, true);
    const char *types;
    size_t n_types = 0;
    char *rest;
    int r;

    if (!line)
        return -ENOMEM;
    if (complaint)
        return fc_refuse(reason, "\"%.80s\" is not a pattern: %s", pattern, complaint);
    types = strtok_r(line, OSC_FORMAT_BLANKS, &rest);
    r = read_types(types, &n_types, reason);
    if (r == 0)
        r = format_allocate(&made, pattern, n_types);
    for (size_t n = 0; r == 0 && n < n_types; n++)
        r = read_range(&rest, n, types[n], &made->ranges[n], reason);
    if (r < 0)
        return r;
    if (strtok_r(NULL, OSC_FORMAT_BLANKS, &rest))
        return fc_refuse(reason, "too many numbers for %zu type%s", n_types, n_types == 1 ? "" : "s");
    *format = fc_steal(made);
    return 0;
}

struct osc_format *osc_format_free(struct osc_format *format)
{
    if (format)
        free(format->pattern);
    free(format);
    return NULL;
}

static double clamp(double value, double low, double high)
{
    if (value < low)
        return low;
    return value > high ? high : value;
}

double osc_format_normalise(const struct osc_range *range, double value)
{
    return clamp((value - range->min) / (range->max - range->min), 0, 1);
}

double osc_format_denormalise(const struct osc_range *range, double normalised)
{
    return round_to_type(range->type, range->min * (1 - normalised) + range->max * normalised);
}

double osc_format_rest(const struct osc_range *range)
{
    return clamp(0, fmin(range->min, range->max), fmax(range->min, range->max));
}
