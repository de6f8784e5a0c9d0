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
    SUGGEST_MIN_BEGINNING = 4,                    /* with so many, nothing else is nearer */
};

/* The last three rows of the matrix, used in turn, and a place more behind the last column. */
struct suggest_rows {
    size_t row[3][SUGGEST_MAX_BYTES + 2];
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

/*
 * Fills in row `i`, of which only cells that are no further from the diagonal than the limit can be within
 * it. Their neighbours get something above it. Returns the lowest.
 */
static size_t fill_row(struct suggest *suggest, struct suggest_rows *rows, const char *a, const char *b,
                       size_t b_bytes, size_t i, size_t limit)
{
    size_t *row = rows->row[i % 3];
    size_t first = i > limit ? i - limit : 1, last = smaller(b_bytes, i + limit);
    size_t lowest = row[first - 1] = first == 1 ? i : limit + 1;

    for (size_t j = first; j <= last; j++) {
        row[j] = cell(rows, a, b, i, j);
        lowest = smaller(lowest, row[j]);
    }
    row[last + 1] = limit + 1;
    suggest_spend(suggest, last + 1 - first);
    return lowest;
}

/*
 * Returns the distance, or something above `limit` as soon as it cannot be within the limit, or the budget is
 * used up. What both have in common at the beginning and at the end changes nothing, and is left out.
 */
static size_t distance(struct suggest *suggest, const char *a, size_t a_bytes, const char *b, size_t b_bytes,
                       size_t limit)
{
    struct suggest_rows rows;

    while (a_bytes && b_bytes && same(*a, *b))
        a++, b++, a_bytes--, b_bytes--;
    while (a_bytes && b_bytes && same(a[a_bytes - 1], b[b_bytes - 1]))
        a_bytes--, b_bytes--;
    for (size_t j = 0; j <= b_bytes; j++)
        rows.row[0][j] = j;
    for (size_t i = 1; i <= a_bytes; i++) {
        size_t lowest = fill_row(suggest, &rows, a, b, b_bytes, i, limit);

        /* no later row is lower: a swap, which looks two rows back, costs as much as replacing one half of it
         */
        if (lowest > limit || !suggest->left)
            return limit + 1;
    }
    return rows.row[a_bytes % 3][b_bytes];
}

void suggest_init(struct suggest *suggest, const char *word)
{
    *suggest =
        (struct suggest){.word = word, .bytes = strnlen(word, SUGGEST_MAX_BYTES + 1), .left = SUGGEST_BUDGET};
}

void suggest_spend(struct suggest *suggest, size_t cost)
{
    suggest->left -= smaller(cost, suggest->left);
}

/* Takes a name that begins with the word, or the other way round; the first one of these. */
static void suggest_cut(struct suggest *suggest, const char *name, size_t name_bytes)
{
    size_t shorter = smaller(suggest->bytes, name_bytes);
    bool is_beginning = suggest->bytes >= SUGGEST_MIN_BEGINNING && suggest->bytes < name_bytes;

    if (shorter < SUGGEST_MIN_CUT || strncasecmp(suggest->word, name, shorter) != 0 ||
        suggest->is_beginning || (suggest->best && (!is_beginning || suggest->distance == 0)))
        return;
    suggest->best = name;
    suggest->is_beginning = is_beginning;
    suggest->distance = is_beginning ? name_bytes - suggest->bytes : SUGGEST_CUT_SHORT;
}

/* Returns the distance that a name may have to be near, and nearer than what was found. False: none. */
static bool suggest_limit(const struct suggest *suggest, const char *name, size_t *limit)
{
    *limit = smaller(suggest->bytes / 3 ? suggest->bytes / 3 : 1, SUGGEST_MAX_DISTANCE);
    if (suggest->best && suggest->distance == 0)
        return false;
    if (suggest->is_beginning)
        return strcasecmp(suggest->word, name) == 0;
    if (suggest->best)
        *limit = smaller(*limit, suggest->distance - 1);
    return true;
}

void suggest_offer(struct suggest *suggest, const char *name)
{
    size_t word_bytes = suggest->bytes;
    size_t name_bytes = strnlen(name, SUGGEST_MAX_BYTES + 1);
    size_t longer = word_bytes > name_bytes ? word_bytes : name_bytes;
    size_t limit, found;

    if (!suggest->left)
        return;
    suggest_spend(suggest, 1);
    if (longer > SUGGEST_MAX_BYTES)
        return;
    suggest_cut(suggest, name, name_bytes);
    if (!suggest_limit(suggest, name, &limit) || longer - smaller(word_bytes, name_bytes) > limit)
        return;
    suggest_spend(suggest, longer / 8);
    found = distance(suggest, suggest->word, word_bytes, name, name_bytes, limit);
    /* a distance as long as the words means that they have nothing in common */
    if (found > limit || found >= longer)
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
