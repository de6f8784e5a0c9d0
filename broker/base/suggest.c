/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds the name for "did you mean": nearness is the optimal string alignment distance (a character left out,
 * added or replaced, two neighbours swapped), ignoring case; a word that was cut short is near, too. It must
 * not know what the names stand for.
 */
#include "broker/base/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "firecurtain/suggest.h"

enum {
    SUGGEST_MAX_BYTES = 64, /* longer words are never near anything, which limits the rows below */
    SUGGEST_MAX_DISTANCE = 3,
    SUGGEST_CUT_SHORT = SUGGEST_MAX_DISTANCE + 1, /* the distance of a name from its first letters */
    SUGGEST_MIN_CUT = 3,                          /* so many of them */
};

/* The last three rows of the matrix, used in turn. */
struct suggest_rows {
    size_t row[3][SUGGEST_MAX_BYTES + 1];
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t cell(const struct suggest_rows *rows, const char *a, const char *b, size_t i, size_t j)
{
    const size_t *above = rows->row[(i - 1) % 3];
    size_t best = above[j - 1] + !same(a[i - 1], b[j - 1]);

    best = smaller(best, above[j] + 1);
    best = smaller(best, rows->row[i % 3][j - 1] + 1);
    if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
        best = smaller(best, rows->row[(i - 2) % 3][j - 2] + 1);
    return best;
}

/* Returns the distance, or something above `limit` as soon as it cannot be within the limit. */
static size_t distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes, size_t limit)
{
    struct suggest_rows rows;

    for (size_t j = 0; j <= b_bytes; j++)
        rows.row[0][j] = j;
    for (size_t i = 1; i <= a_bytes; i++) {
        size_t *row = rows.row[i % 3];
        size_t lowest = row[0] = i;

        for (size_t j = 1; j <= b_bytes; j++) {
            row[j] = cell(&rows, a, b, i, j);
            lowest = smaller(lowest, row[j]);
        }
        /* no later row is lower: a swap, which looks two rows back, costs as much as replacing one half of it
         */
        if (lowest > limit)
            return lowest;
    }
    return rows.row[a_bytes % 3][b_bytes];
}

void suggest_init(struct suggest *suggest, const char *word)
{
    *suggest = (struct suggest){.word = word};
}

void suggest_offer(struct suggest *suggest, const char *name)
{
    size_t word_bytes = strnlen(suggest->word, SUGGEST_MAX_BYTES + 1);
    size_t name_bytes = strnlen(name, SUGGEST_MAX_BYTES + 1);
    size_t longer = word_bytes > name_bytes ? word_bytes : name_bytes;
    size_t limit = smaller(word_bytes / 3 ? word_bytes / 3 : 1, SUGGEST_MAX_DISTANCE);
    size_t found;

    if (longer > SUGGEST_MAX_BYTES)
        return;
    if (word_bytes >= SUGGEST_MIN_CUT && strncasecmp(suggest->word, name, word_bytes) == 0 &&
        !suggest->best) {
        suggest->best = name;
        suggest->distance = SUGGEST_CUT_SHORT;
    }
    if (longer - smaller(word_bytes, name_bytes) > limit)
        return;
    found = distance(suggest->word, word_bytes, name, name_bytes, limit);
    /* a distance as long as the words means that they have nothing in common */
    if (found > limit || found >= longer)
        return;
    if (suggest->best && found >= suggest->distance)
        return;
    suggest->best = name;
    suggest->distance = found;
}

const char *suggest_hint(const struct suggest *suggest, char *text, size_t bytes)
{
    if (!suggest->best)
        return NULL;
    /* a name may have quotes of its own, as in desk."/my fader" */
    snprintf(text, bytes, strchr(suggest->best, '"') ? "did you mean '%s'?" : "did you mean \"%s\"?",
             suggest->best);
    return text;
}

const char *fc_suggest(char *hint, size_t bytes, const char *word, fc_name_fn name, const void *userdata)
{
    struct suggest suggest;
    const char *known;

    suggest_init(&suggest, word);
    for (size_t i = 0; (known = name(userdata, i)); i++)
        suggest_offer(&suggest, known);
    return suggest_hint(&suggest, hint, bytes);
}
