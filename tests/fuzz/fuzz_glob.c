/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expands a line as a channel name with globs and compares that with an expansion that works the other way
 * round; takes a second line as a word for which a name is suggested.
 */
#include <ctype.h>
#include <errno.h>

#include "broker/base/glob.h"
#include "broker/base/suggest.h"
#include "tests/fuzz/fuzz.h"

#define MAX_COMPARED 300
#define MAX_NAME     1024

/* Lists the names: expands the first expression here and the rest recursively. */
struct expansion {
    const struct glob *glob;
    uint64_t n;
};

static void expand(struct expansion *expansion, const char *done, const char *rest);

static void expand_with(struct expansion *expansion, const char *done, const char *value, size_t bytes,
                        const char *rest)
{
    char *longer;

    require(asprintf(&longer, "%s%.*s", done, (int)bytes, value) >= 0);
    expand(expansion, longer, rest);
    free(longer);
}

static void expand_range(struct expansion *expansion, const char *done, const char *inside, const char *rest)
{
    unsigned long long first, last;

    require(sscanf(inside, "%llu .. %llu", &first, &last) == 2);
    for (unsigned long long i = first;; i += first < last ? 1 : -1ull) {
        char number[24];

        expand_with(expansion, done, number, (size_t)snprintf(number, sizeof(number), "%llu", i), rest);
        if (i == last)
            return;
    }
}

static void expand_list(struct expansion *expansion, const char *done, const char *inside, const char *rest)
{
    for (;; inside++) {
        size_t bytes = strcspn(inside, ",}");

        expand_with(expansion, done, inside, bytes, rest);
        inside += bytes;
        if (*inside == '}')
            return;
    }
}

static void check_name(struct expansion *expansion, const char *expected)
{
    char name[MAX_NAME];
    int n = glob_name(expansion->glob, expansion->n++, name, sizeof(name));

    if (strlen(expected) >= sizeof(name))
        require(n == -ENAMETOOLONG);
    else
        require(n == (int)strlen(expected) && strcmp(name, expected) == 0);
}

static void expand(struct expansion *expansion, const char *done, const char *rest)
{
    const char *open = strchr(rest, '{');
    const char *comma, *dots, *close;
    char *before;

    if (!open) {
        require(asprintf(&before, "%s%s", done, rest) >= 0);
        check_name(expansion, before);
        free(before);
        return;
    }
    close = strchr(open, '}');
    require(close != NULL && asprintf(&before, "%s%.*s", done, (int)(open - rest), rest) >= 0);
    comma = strchr(open, ',');
    dots = strstr(open, "..");
    if (comma && comma < close && (!dots || comma < dots))
        expand_list(expansion, before, open + 1, close + 1);
    else
        expand_range(expansion, before, open + 1, close + 1);
    free(before);
}

static void check_glob(const char *text)
{
    struct glob glob;
    struct glob_error error;
    struct expansion expansion = {.glob = &glob};
    int r = glob_parse(&glob, text, &error);
    char name[MAX_NAME];

    require(r == 0 || (r == -EINVAL && error.text[0] && error.offset <= strlen(text) && !glob.parts));
    if (r < 0)
        return;
    require(glob.n_names >= 1 && glob.n_names <= GLOB_MAX_NAMES);
    r = glob_name(&glob, glob.n_names - 1, name, sizeof(name));
    require(r == -ENAMETOOLONG || r == (int)strlen(name));
    if (glob.n_names <= MAX_COMPARED) {
        expand(&expansion, "", text);
        require(expansion.n == glob.n_names);
    }
    glob_deinit(&glob);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Computes the distance of two words by optimal string alignment, with the full matrix. */
static unsigned distance(const char *a, const char *b)
{
    static unsigned d[66][66];

    for (unsigned i = 0; i <= strlen(a); i++) {
        for (unsigned j = 0; j <= strlen(b); j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
                            d[i - 1][j - 1] + (tolower((uint8_t)a[i - 1]) != tolower((uint8_t)b[j - 1])));
            if (i > 1 && j > 1 && tolower((uint8_t)a[i - 1]) == tolower((uint8_t)b[j - 2]) &&
                tolower((uint8_t)a[i - 2]) == tolower((uint8_t)b[j - 1]))
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[strlen(a)][strlen(b)];
}

/* How a name is known by a word, the best first. */
enum nearness {
    EXACT,     /* but for its case */
    BEGINNING, /* the word is how it begins */
    EDITED,    /* as many times as the distance says */
    CUT_SHORT, /* one of the two goes on where the other ends */
    FAR,
};

static enum nearness nearness(const char *word, const char *name)
{
    size_t n = strlen(word), bytes = strlen(name), shorter = n < bytes ? n : bytes;
    size_t limit = n / 3 ? n / 3 : 1;
    unsigned edits;

    if (n > 64 || bytes > 64)
        return FAR;
    if (n && strcasecmp(word, name) == 0)
        return EXACT;
    if (n >= 4 && n < bytes && strncasecmp(word, name, n) == 0)
        return BEGINNING;
    edits = distance(word, name);
    if (edits <= limit && edits <= 3 && edits < (bytes > n ? bytes : n))
        return EDITED;
    return shorter >= 3 && strncasecmp(word, name, shorter) == 0 ? CUT_SHORT : FAR;
}

static void check_suggestion(const char *word, struct input *names)
{
    struct suggest suggest;
    char offered[8][80], hint[48];
    enum nearness best = FAR;
    unsigned edits = 99;
    const char *said;

    suggest_init(&suggest, word);
    for (size_t i = 0; i < 8 && names->left; i++) {
        enum nearness found;

        take_line(names, offered[i], sizeof(offered[i]));
        suggest_offer(&suggest, offered[i]);
        found = nearness(word, offered[i]);
        if (found == EDITED)
            edits = least(edits, distance(word, offered[i]));
        if (found < best)
            best = found;
    }
    said = suggest_hint(&suggest, hint, sizeof(hint));
    require((said != NULL) == (best != FAR) && (!said || strlen(said) < sizeof(hint)));
    require(!said || nearness(word, suggest.best) == best);
    require(best != EDITED || distance(word, suggest.best) == edits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {data, bytes};
    char text[2048], word[80];

    check_glob(take_line(&input, text, sizeof(text)));
    take_line(&input, word, sizeof(word));
    check_suggestion(word, &input);
    return 0;
}
