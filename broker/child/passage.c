/* SPDX-License-Identifier: BSD-2-Clause */
/* Knows a traceback by its first line, by its blanks, and by what is between two that belong together. */
#include "broker/child/passage.h"

#include <stdlib.h>
#include <string.h>

#include "broker/base/log.h"

static bool passage_ends_with(const char *line, size_t bytes, const char *with)
{
    size_t n = strlen(with);

    return bytes >= n && memcmp(line + bytes - n, with, n) == 0;
}

/* What comes between two tracebacks, of which one led to the other. */
static bool passage_is_bridge(const char *line, size_t bytes)
{
    return passage_ends_with(line, bytes, "another exception occurred:") ||
           passage_ends_with(line, bytes, "the direct cause of the following exception:");
}

static bool passage_is_begin(const char *line, size_t bytes)
{
    return passage_ends_with(line, bytes, "Traceback (most recent call last):");
}

static enum passage_state passage_after(enum passage_state state, const char *line, size_t bytes)
{
    if (passage_is_begin(line, bytes) || passage_is_bridge(line, bytes))
        return PASSAGE_INSIDE;
    if (state == PASSAGE_INSIDE && bytes > 0 && line[0] != ' ')
        return PASSAGE_ENDED;
    return state;
}

/* Whether a line belongs to those that are there, by its form. The line before a traceback says where it is
 * from. */
static bool passage_goes_on(const struct passage *passage, const char *line, size_t bytes)
{
    if (passage->state == PASSAGE_ENDED)
        return bytes == 0 || passage_is_bridge(line, bytes);
    return passage->state == PASSAGE_INSIDE || passage_is_begin(line, bytes);
}

static bool passage_fits(const struct passage *passage, enum fc_log_level level, size_t bytes)
{
    return level == passage->level && passage->bytes + 1 + bytes <= PASSAGE_MAX_BYTES;
}

/* Logs what is there, and begins anew. */
static bool passage_log(struct passage *passage)
{
    bool is_whole = passage->n_lines == 0 ||
                    log_source_lines(passage->lines, passage->level, passage->text, passage->bytes);

    passage->n_lines = passage->bytes = 0;
    passage->state = PASSAGE_PLAIN;
    return is_whole;
}

bool passage_add(struct passage *passage, enum fc_log_level level, const char *line, size_t bytes,
                 bool continues)
{
    enum passage_state state = passage->state;
    bool is_whole = true;

    if (!passage->text)
        passage->text = malloc(PASSAGE_MAX_BYTES);
    if (!passage->text)
        return log_source_lines(passage->lines, level, line, bytes);
    continues |= passage_goes_on(passage, line, bytes);
    if (!continues || !passage_fits(passage, level, bytes))
        is_whole = passage_log(passage);
    if (passage->n_lines++ > 0)
        passage->text[passage->bytes++] = '\n';
    memcpy(passage->text + passage->bytes, line, bytes);
    passage->bytes += bytes;
    passage->level = level;
    passage->state = passage_after(continues ? state : PASSAGE_PLAIN, line, bytes);
    return is_whole;
}

bool passage_end(struct passage *passage)
{
    bool is_whole = passage_log(passage);

    free(passage->text);
    passage->text = NULL;
    return is_whole;
}
