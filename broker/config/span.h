/* SPDX-License-Identifier: BSD-2-Clause */
/* A stretch of text inside a file: not terminated by a NUL, and never NULL, even if empty. */
#ifndef BROKER_CONFIG_SPAN_H
#define BROKER_CONFIG_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "firecurtain/utf8.h"

/* The number of bytes that a message quotes of what the user wrote. */
#define CONFIG_QUOTED_BYTES 80

struct config_span {
    const char *start;
    size_t length;
};

/* Control characters count as blanks, so that no name begins or ends with something invisible. */
static inline bool config_is_blank(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

static inline const char *config_span_end(struct config_span span)
{
    return span.start + span.length;
}

/* Returns the text from `start` up to `end` without the blanks around it. */
static inline struct config_span config_trimmed(const char *start, const char *end)
{
    while (start < end && config_is_blank(*start))
        start++;
    while (start < end && config_is_blank(end[-1]))
        end--;
    return (struct config_span){start, (size_t)(end - start)};
}

/* Returns the first `c`, or NULL. */
static inline const char *config_span_find(struct config_span span, char c)
{
    return memchr(span.start, c, span.length);
}

/* Returns the first blank, or the end. */
static inline const char *config_span_blank(struct config_span span)
{
    const char *at = span.start;

    while (at < config_span_end(span) && !config_is_blank(*at))
        at++;
    return at;
}

static inline bool config_span_is(struct config_span span, const char *text)
{
    return strlen(text) == span.length && memcmp(text, span.start, span.length) == 0;
}

/* Returns the precision for %.*s in a message: all, or as many whole characters as a message quotes. */
static inline int config_quoted(struct config_span span)
{
    size_t length = span.length;

    if (length > CONFIG_QUOTED_BYTES) {
        length = CONFIG_QUOTED_BYTES;
        while (length > 0 && fc_utf8_is_inside(span.start[length]))
            length--;
    }
    return (int)length;
}

#endif
