/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the values of an OSC message mean: their types, their ranges, and the configuration line that gives
 * both to all addresses of a pattern: `/1/fader* = f 0.0 1.0`. Pure; knows nothing of packets or sockets.
 *
 * A range may be inverted (minimum above maximum) or a single value, and its ends are values its type can
 * hold.
 */
#ifndef BROKER_BACKENDS_OSC_FORMAT_H
#define BROKER_BACKENDS_OSC_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "firecurtain/backend.h"

/* Values in one message that can be configured or mapped, and the bytes of all fixed texts in it. */
#define OSC_FORMAT_MAX_VALUES 1024
#define OSC_FORMAT_MAX_TEXT   1024

/*
 * One value: i (int32), f (float), h (int64) or d (double) with a range; s or S with a fixed text; or one of
 * b, c, m, t, T, F, N and I, which are always sent as the same.
 */
struct osc_range {
    char type;
    double min; /* of numbers; with min == max the value is always sent as that */
    double max;
    char *text; /* of s and S; owned by the format; NULL: empty */
};

/* A line of the configuration. */
struct osc_format {
    struct osc_format *next; /* the owner's */
    char *pattern;           /* of local addresses, without the root */
    size_t n_ranges;         /* 0: messages without values */
    struct osc_range ranges[];
};

/* Whether values of the type are numbers, which have a range. */
bool osc_format_is_number(char type);

/* Sets the range of a value that no line describes. False if the type is not a number. */
bool osc_format_default(char type, struct osc_range *range);

/*
 * Reads `types min max [min max …]` for `pattern`, which may be in quotes; types without a range have no
 * numbers, but s and S may have a text in quotes. -EINVAL with `reason` filled, -ENOMEM, or FC_DOUBT with
 * `reason` filled and the format made.
 */
int osc_format_new(struct osc_format **format, const char *pattern, const char *value,
                   struct fc_reason *reason);

/* Takes NULL; returns NULL. */
struct osc_format *osc_format_free(struct osc_format *format);

/*
 * Returns a value as 0.0 to 1.0, clamped to that if it is out of the range; NaN for NaN. Of a range that is a
 * single value, 1.0 from that value on and 0.0 below.
 */
double osc_format_normalise(const struct osc_range *range, double value);

/* Returns 0.0 to 1.0 as a value that the type can hold, rounded. Both ends are met exactly. */
double osc_format_denormalise(const struct osc_range *range, double normalised);

/* Returns a value's start: zero, or the end of the range that is nearest to zero. */
double osc_format_rest(const struct osc_range *range);

#endif
