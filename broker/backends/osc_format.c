/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges of values. All arithmetic is in double: what an int64 loses by that is far below a step of any show.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/backends/osc_format.h"
#include "broker/backends/osc_pattern.h"
#include "firecurtain/cleanup.h"

#define OSC_FORMAT_BLANKS " \t"

static const struct osc_range osc_format_defaults[] = {
    {'i', 0, 255, NULL},
    {'f', 0, 1, NULL},
    {'h', 0, 1024, NULL},
    {'d', 0, 1, NULL},
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

bool osc_format_is_number(char type)
{
    struct osc_range range;

    return osc_format_default(type, &range);
}

/* Whether values of the type are always sent as the same. */
static bool is_fixed(char type)
{
    return type && strchr("sSbcmtTFNI", type);
}

/* A line that is being read. What is doubtful about it is kept once; an error takes its place. */
struct reading {
    const char *rest;
    struct fc_reason *reason;
    bool is_doubtful;
    size_t text_bytes;
};

__attribute__((format(printf, 2, 3))) static void doubt(struct reading *reading, const char *format, ...)
{
    va_list arguments;

    if (reading->is_doubtful)
        return;
    va_start(arguments, format);
    vsnprintf(reading->reason->text, sizeof(reading->reason->text), format, arguments);
    va_end(arguments);
    reading->is_doubtful = true;
}

/* Takes the next word of the line. False if there is none; one that is too long is cut. */
static bool take_word(struct reading *reading, char *word, size_t bytes)
{
    const char *start = reading->rest + strspn(reading->rest, OSC_FORMAT_BLANKS);
    size_t length = strcspn(start, OSC_FORMAT_BLANKS);

    reading->rest = start + length;
    snprintf(word, bytes, "%.*s", (int)(length < bytes ? length : bytes - 1), start);
    return length > 0;
}

/*
 * Reads a number at the beginning of `text`: integers also as 0x10, and any type also as a decimal fraction.
 * Returns what follows it, or NULL if there is none.
 */
static const char *read_number(char type, const char *text, double *value)
{
    char *end = NULL;
    char *whole_end = NULL;
    long long whole;

    *value = strtod(text, &end);
    if (!is_whole(type))
        return end == text ? NULL : end;
    errno = 0;
    whole = strtoll(text, &whole_end, 0);
    if (whole_end >= end && !errno)
        *value = (double)whole;
    end = whole_end > end ? whole_end : end;
    return end == text ? NULL : end;
}

/* Returns the highest value that the type can hold; the lowest is as far below zero, or one further. */
static double type_limit(char type)
{
    switch (type) {
    case 'i':
        return 0x1p31 - 1;
    case 'h':
        return 0x1p63 - 1024; /* the next double is beyond */
    case 'f':
        return (double)FLT_MAX;
    default:
        return DBL_MAX;
    }
}

/* Makes a number one that the type can hold, as MIDIMonster would. Returns what was wrong with it, or NULL.
 */
static const char *fit_to_type(char type, double *value)
{
    double limit = type_limit(type);
    double lowest = type == 'i' ? -0x1p31 : type == 'h' ? -0x1p63 : -limit;
    double before = *value;

    if (is_whole(type))
        *value = trunc(*value);
    if (*value < lowest || *value > limit) {
        *value = *value < 0 ? lowest : limit;
        return "out of the range of the type";
    }
    if (is_whole(type) && (*value < before || *value > before))
        return "not a whole number, which the type requires";
    *value = round_to_type(type, *value);
    return NULL;
}

/* Reads the next word of the line as one end of the range of value `n` (from 0). */
static int read_end(struct reading *reading, const char *what, size_t n, char type, double *end)
{
    const char *complaint, *after;
    char word[80];

    if (!take_word(reading, word, sizeof(word)))
        return fc_refuse(reading->reason, "the %s of value %zu (type %c) is missing", what, n + 1, type);
    after = read_number(type, word, end);
    if (!after)
        return fc_refuse(reading->reason, "\"%.40s\", the %s of value %zu, is not a number", word, what,
                         n + 1);
    if (!isfinite(*end))
        return fc_refuse(reading->reason, "\"%.40s\", the %s of value %zu (type %c), is not finite", word,
                         what, n + 1, type);
    complaint = fit_to_type(type, end);
    if (*after)
        doubt(reading, "\"%.40s\", the %s of value %zu, is not a number; it is read as %.*g", word, what,
              n + 1, is_whole(type) ? 19 : 6, *end);
    else if (complaint)
        doubt(reading, "\"%.40s\", the %s of value %zu (type %c), is %s; it is read as %.*g", word, what,
              n + 1, type, complaint, is_whole(type) ? 19 : 6, *end);
    return 0;
}

static int read_range(struct reading *reading, size_t n, struct osc_range *range)
{
    char type = range->type;
    int r = read_end(reading, "minimum", n, type, &range->min);

    if (r == 0)
        r = read_end(reading, "maximum", n, type, &range->max);
    if (r < 0)
        return r;
    if (range->min == range->max)
        doubt(reading, "minimum and maximum of value %zu are equal: it is always sent as %.*g", n + 1,
              is_whole(type) ? 19 : 6, range->min);
    if (!isfinite(range->max - range->min))
        return fc_refuse(reading->reason, "minimum and maximum of value %zu are too far apart", n + 1);
    return 0;
}

/* Reads the fixed text of value `n`, if one follows. */
static int read_text(struct reading *reading, size_t n, struct osc_range *range)
{
    const char *start = reading->rest + strspn(reading->rest, OSC_FORMAT_BLANKS);
    const char *end = *start == '"' ? strchr(start + 1, '"') : NULL;

    if (*start != '"')
        return 0;
    if (!end || (end[1] && !strchr(OSC_FORMAT_BLANKS, end[1])))
        return fc_refuse(reading->reason, "the text of value %zu must end in a quotation mark and a blank",
                         n + 1);
    reading->rest = end + 1;
    reading->text_bytes += (size_t)(end - start);
    if (reading->text_bytes > OSC_FORMAT_MAX_TEXT)
        return fc_refuse(reading->reason, "the texts together have more than %d characters",
                         OSC_FORMAT_MAX_TEXT);
    range->text = strndup(start + 1, (size_t)(end - start) - 1);
    return range->text ? 0 : -ENOMEM;
}

static int read_value(struct reading *reading, size_t n, struct osc_range *range)
{
    if (osc_format_is_number(range->type))
        return read_range(reading, n, range);
    if (range->type == '[' || range->type == ']')
        return fc_refuse(reading->reason, "arrays are read without their brackets: leave them out");
    if (!is_fixed(range->type))
        return fc_refuse(reading->reason,
                         "unknown type \"%c\"; the types are i, f, h and d with a minimum and a maximum, and "
                         "s, S, b, c, m, t, T, F, N and I without",
                         range->type);
    return range->type == 's' || range->type == 'S' ? read_text(reading, n, range) : 0;
}

static int format_allocate(struct osc_format **format, const char *types)
{
    size_t n_ranges = strlen(types);
    struct osc_format *made = calloc(1, sizeof(*made) + n_ranges * sizeof(made->ranges[0]));

    if (!made)
        return -ENOMEM;
    made->n_ranges = n_ranges;
    for (size_t n = 0; n < n_ranges; n++)
        made->ranges[n].type = types[n];
    *format = made;
    return 0;
}

static void format_freep(struct osc_format **format)
{
    osc_format_free(*format);
}

/* Copies the pattern without its quotes. */
static int read_pattern(struct osc_format *format, const char *pattern, struct fc_reason *reason)
{
    bool is_quoted = *pattern == '"';
    size_t length = strlen(pattern);
    const char *complaint;

    if (is_quoted && pattern[length - 1] != '"')
        return fc_refuse(reason, "%.80s: the quotation mark at the end is missing", pattern);
    format->pattern = strndup(pattern + is_quoted, is_quoted && length > 1 ? length - 2 : length);
    if (!format->pattern)
        return -ENOMEM;
    complaint = osc_pattern_complaint(format->pattern,
                                      OSC_PATTERN_WILDCARDS | (is_quoted ? OSC_PATTERN_ANY_NAME : 0u));
    return complaint ? fc_refuse(reason, "\"%.80s\" is not a pattern: %s", format->pattern, complaint) : 0;
}

/* Reads what follows the types. */
static int read_values(struct osc_format *format, struct reading *reading)
{
    char word[80];
    int r = 0;

    for (size_t n = 0; r == 0 && n < format->n_ranges; n++)
        r = read_value(reading, n, &format->ranges[n]);
    if (r < 0)
        return r;
    if (take_word(reading, word, sizeof(word)))
        doubt(reading, "\"%.40s\" and what follows it are left out: there are too many values for %zu type%s",
              word, format->n_ranges, format->n_ranges == 1 ? "" : "s");
    return reading->is_doubtful ? FC_DOUBT : 0;
}

int osc_format_new(struct osc_format **format, const char *pattern, const char *value,
                   struct fc_reason *reason)
{
    FC_CLEANUP(format_freep) struct osc_format *made = NULL;
    struct reading reading = {.rest = value, .reason = reason};
    char types[OSC_FORMAT_MAX_VALUES + 2];
    int r;

    take_word(&reading, types, sizeof(types));
    if (strlen(types) > OSC_FORMAT_MAX_VALUES)
        return fc_refuse(reason, "more than %d values", OSC_FORMAT_MAX_VALUES);
    r = format_allocate(&made, types);
    if (r == 0)
        r = read_pattern(made, pattern, reason);
    if (r == 0)
        r = read_values(made, &reading);
    if (r < 0)
        return r;
    *format = fc_steal(made);
    return r;
}

struct osc_format *osc_format_free(struct osc_format *format)
{
    if (!format)
        return NULL;
    for (size_t n = 0; n < format->n_ranges; n++)
        free(format->ranges[n].text);
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
    if (range->min == range->max && !isnan(value))
        return value >= range->min;
    return clamp((value - range->min) / (range->max - range->min), 0, 1);
}

double osc_format_denormalise(const struct osc_range *range, double normalised)
{
    if (range->min == range->max)
        return range->min;
    return round_to_type(range->type, range->min * (1 - normalised) + range->max * normalised);
}

double osc_format_rest(const struct osc_range *range)
{
    return clamp(0, fmin(range->min, range->max), fmax(range->min, range->max));
}
