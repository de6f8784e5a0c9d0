/* SPDX-License-Identifier: BSD-2-Clause */
/* Values that a page has not been told yet: the newest of each channel. In the desk. */
#ifndef BROKER_DESK_FRESH_H
#define BROKER_DESK_FRESH_H

#include <stddef.h>

#define FRESH_MAX 16384 /* channels */

struct json;

struct fresh {
    struct fresh_value *values; /* a hash, by name, in the order in which they came */
    size_t n;
};

/* Notes a value. It is lost if there are too many channels, or no memory. */
void fresh_note(struct fresh *fresh, const char *channel, double value);

/* Appends them as members of an object, and forgets them. */
void fresh_take(struct fresh *fresh, struct json *json);

void fresh_deinit(struct fresh *fresh);

#endif
