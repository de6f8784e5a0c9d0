/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Channel globs. A name is cut into parts, each with one or more values; the names are all combinations,
 * counted like the digits of a number with the rightmost part as the lowest digit. Nothing is expanded ahead:
 * a glob takes memory for its text, not for its names.
 *
 * Pure. It must not know where a name is used.
 */
#include "broker/base/glob.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "firecurtain/cleanup.h"

enum glob_kind {
    GLOB_LITERAL,
    GLOB_LIST,
    GLOB_RANGE,
};

struct glob_part {
    enum glob_kind kind;
    uint64_t n_values; /* 1 for a literal */
    char *text;        /* the literal, or a list's items, each with its own NUL */
    char **items;      /* of a list: into `text` */
    uint64_t first;    /* of a range; it counts down if `last` is smaller */
    uint64_t last;
};

/* An expression in braces, and where a message about it goes. */
struct glob_expression {
    const char *open; /* the brace */
    const char *close;
    struct glob_error *error;
};

static void glob_part_deinit(struct glob_part *part)
{
    free(part->text);
    free(part->items);
    *part = (struct glob_part){0};
}

void glob_deinit(struct glob *glob)
{
    for (size_t i = 0; i < glob->n_parts; i++)
        glob_part_deinit(&glob->parts[i]);
    free(glob->parts);
    *glob = (struct glob){0};
}

__attribute__((format(printf, 2, 3))) static int refuse(struct glob_error *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    return -EINVAL;
}

/* Refuses an expression, which the message quotes. */
static int refuse_expression(const struct glob_expression *expression, const char *why)
{
    int shown = (int)(expression->close - expression->open) + 1;

    if (shown > 40)
        return refuse(expression->error, "\"%.37s...\" %s", expression->open, why);
    return refuse(expression->error, "\"%.*s\" %s", shown, expression->open, why);
}

/* Moves `part` into the glob; on failure it stays the caller's. */
static int append(struct glob *glob, struct glob_part *part)
{
    struct glob_part *parts = grow_by_one(glob->parts, glob->n_parts, sizeof(*parts));

    if (!parts)
        return -ENOMEM;
    glob->parts = parts;
    glob->parts[glob->n_parts++] = *part;
    *part = (struct glob_part){0};
    return 0;
}

static int parse_literal(struct glob *glob, const char **at)
{
    FC_CLEANUP(glob_part_deinit) struct glob_part part = {.kind = GLOB_LITERAL, .n_values = 1};
    size_t bytes = strcspn(*at, "{");

    part.text = strndup(*at, bytes);
    if (!part.text)
        return -ENOMEM;
    *at += bytes;
    return append(glob, &part);
}

/* Cuts `part->text` at its commas. */
static int cut_items(struct glob_part *part)
{
    char *item = part->text;

    part->items = calloc(part->n_values, sizeof(*part->items));
    if (!part->items)
        return -ENOMEM;
    for (uint64_t i = 0; i < part->n_values; i++) {
        char *end = strchrnul(item, ',');

        *end = '\0';
        part->items[i] = item;
        item = end + 1;
    }
    return 0;
}

static int parse_list(const struct glob_expression *expression, struct glob_part *part)
{
    const char *inside = expression->open + 1;

    part->kind = GLOB_LIST;
    part->n_values = 1;
    for (const char *at = inside; at <= expression->close; at++) {
        bool ends = *at == ',' || at == expression->close;

        if (ends && (at == inside || at[-1] == ','))
            return refuse_expression(expression, "has an empty name in its list");
        part->n_values += *at == ',';
    }
    part->text = strndup(inside, (size_t)(expression->close - inside));
    if (!part->text)
        return -ENOMEM;
    return cut_items(part);
}

static bool parse_number(const char **at, uint64_t *number)
{
    char *end;

    while (isspace((unsigned char)**at))
        (*at)++;
    if (!isdigit((unsigned char)**at))
        return false;
    errno = 0;
    *number = strtoull(*at, &end, 10);
    while (isspace((unsigned char)*end))
        end++;
    *at = end;
    return errno == 0;
}

static int parse_range(const struct glob_expression *expression, struct glob_part *part)
{
    const char *at = expression->open + 1;
    uint64_t steps;

    part->kind = GLOB_RANGE;
    if (!parse_number(&at, &part->first) || strncmp(at, "..", 2) != 0)
        return refuse_expression(expression, "is not a range of whole numbers such as {1..5}");
    at += 2;
    if (!parse_number(&at, &part->last) || at != expression->close)
        return refuse_expression(expression, "is not a range of whole numbers such as {1..5}");
    steps = part->first < part->last ? part->last - part->first : part->first - part->last;
    /* all 2^64 numbers would wrap to none */
    part->n_values = steps == UINT64_MAX ? steps : steps + 1;
    return 0;
}

static int parse_inside(const struct glob_expression *expression, struct glob_part *part)
{
    const char *inside = expression->open + 1;
    size_t bytes = (size_t)(expression->close - inside);
    const char *comma = memchr(inside, ',', bytes);
    const char *dots = memmem(inside, bytes, "..", 2);

    /* the first of the two decides, so that items of a list may have dots */
    if (comma && (!dots || comma < dots))
        return parse_list(expression, part);
    if (dots)
        return parse_range(expression, part);
    return refuse_expression(expression, "is neither a range such as {1..5} nor a list such as {a,b}");
}

static int parse_expression(struct glob *glob, const char **at, struct glob_error *error)
{
    FC_CLEANUP(glob_part_deinit) struct glob_part part = {0};
    struct glob_expression expression = {.open = *at, .error = error};
    int r;

    expression.close = strpbrk(*at + 1, "{}");
    if (!expression.close)
        return refuse(error, "\"{\" has no closing \"}\"");
    if (*expression.close == '{')
        return refuse(error, "\"{\" has no closing \"}\" before the next \"{\"");
    r = parse_inside(&expression, &part);
    if (r < 0)
        return r;
    if (part.n_values > GLOB_MAX_NAMES || glob->n_names * part.n_values > GLOB_MAX_NAMES)
        return refuse(error, "a channel stands for more than %d names", GLOB_MAX_NAMES);
    glob->n_names *= part.n_values;
    *at = expression.close + 1;
    return append(glob, &part);
}

int glob_parse(struct glob *glob, const char *text, struct glob_error *error)
{
    FC_CLEANUP(glob_deinit) struct glob parsed = {.n_names = 1};
    const char *at = text;

    *glob = (struct glob){0};
    *error = (struct glob_error){0};
    while (*at) {
        int r = *at == '{' ? parse_expression(&parsed, &at, error) : parse_literal(&parsed, &at);

        if (r < 0) {
            error->offset = (size_t)(at - text);
            return r;
        }
    }
    *glob = parsed;
    parsed = (struct glob){0};
    return 0;
}

/* Returns value `n` of a part, in `number` if it is one of a range. */
static const char *part_value(const struct glob_part *part, uint64_t n, char *number, size_t number_bytes)
{
    switch (part->kind) {
    case GLOB_LITERAL:
        return part->text;
    case GLOB_LIST:
        return part->items[n];
    case GLOB_RANGE:
        break;
    }
    snprintf(number, number_bytes, "%" PRIu64, part->first < part->last ? part->first + n : part->first - n);
    return number;
}

int glob_name(const struct glob *glob, uint64_t n, char *name, size_t bytes)
{
    uint64_t below = glob->n_names; /* how many names share the values chosen so far */
    size_t used = 0;

    assert(n < glob->n_names);
    for (size_t i = 0; i < glob->n_parts; i++) {
        char number[24];
        const char *value;
        size_t length;

        below /= glob->parts[i].n_values;
        value = part_value(&glob->parts[i], n / below % glob->parts[i].n_values, number, sizeof(number));
        length = strlen(value);
        if (length >= bytes - used || length >= INT_MAX - used)
            return -ENAMETOOLONG;
        memcpy(name + used, value, length);
        used += length;
    }
    if (used >= bytes)
        return -ENAMETOOLONG;
    name[used] = '\0';
    return (int)used;
}
