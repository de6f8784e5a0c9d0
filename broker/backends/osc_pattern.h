/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OSC 1.0 addresses and address patterns: `?`, `*`, `[abc]`, `[!a-z]` and `{one,two}`. Pure text: nothing
 * here knows of messages, channels or the configuration.
 *
 * Matching costs at most the product of both lengths, whatever the pattern: it follows all possibilities at
 * once and never backtracks. What it does cost is counted.
 */
#ifndef BROKER_BACKENDS_OSC_PATTERN_H
#define BROKER_BACKENDS_OSC_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/* The most bytes of a pattern or an address, with its NUL. */
#define OSC_PATTERN_MAX_BYTES 1024

/* Whether `text` has a character that makes it a pattern. */
bool osc_pattern_has_wildcard(const char *text);

/* What may be in a text, or-ed. */
enum osc_pattern_rules {
    OSC_PATTERN_ADDRESS = 0,   /* what OSC allows in an address */
    OSC_PATTERN_WILDCARDS = 1, /* it is a pattern */
    OSC_PATTERN_ANY_NAME = 2,  /* also what peers use although OSC forbids it: blanks, commas, UTF-8 */
};

/* Returns what is wrong with an address or a pattern, as a literal; or NULL. */
const char *osc_pattern_complaint(const char *text, unsigned rules);

/*
 * Whether `address`, any text, is one of those that `pattern` stands for. The pattern must be one that
 * osc_pattern_complaint() found nothing wrong with. No wildcard stands for a slash; `?` and brackets stand
 * for a whole character of UTF-8. Adds to `steps` how many characters were compared, each at each place in
 * the pattern where the address may be: one takes some nanoseconds.
 */
bool osc_pattern_match(const char *pattern, const char *address, size_t *steps);

#endif
