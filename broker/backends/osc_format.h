/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the values of an OSC message mean: their types, their ranges, and the configuration line that gives
 * both to all addresses of a pattern: `/1/fader* = f 0.0 1.0`. Pure; knows nothing of packets or sockets.
 *
 * A range may be inverted (minimum above maximum) but never empty, and its ends are values its type can hold.
 */
#ifndef BROKER_BACKENDS_OSC_FORMAT_H
#define BROKER_BACKENDS_OSC_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "firecurtain/backend.h"

/* Values in one message that can be configured or mapped. */
#define OSC_FORMAT_MAX_VALUES 1024

/* One value: i (int32), f (float), h (int64) or d (double). */
struct osc_range {
    char type;
    double min;
    double max;
};

/* A line of the configuration. */
struct osc_format {
    struct osc_format *next; /* the owner's */
    char *pattern;           /* of local addresses, without the root */
    size_t n_ranges;
    struct osc_range ranges[];
};

/* Sets the range of a value that no line describes. False if the type is not a number. */
bool osc_format_default(char type, struct osc_range *range);

/* Reads `types min max [min max …]` for `pattern`. -EINVAL with `reason` filled, or -ENOMEM. */
int osc_format_new(struct osc_format **format, const char *pattern, const char *value,
                   struct fc_reason *reason);

/* Takes NULL; returns NULL. */
struct osc_format *osc_format_free(struct osc_format *format);

/* Returns a value as 0.0 to 1.0, clamped to that if it is out of the range; NaN for NaN. */
double osc_format_normalise(const struct osc_range *range, double value);

/* Returns 0.0 to 1.0 as a value that the type can hold, rounded. Both ends are met exactly. */
double osc_format_denormalise(const struct osc_range *range, double normalised);

/* Returns a value's start: zero, or the end of the range that is nearest to zero. */
double osc_format_rest(const struct osc_range *range);

#endif
