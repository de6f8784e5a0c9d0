/* SPDX-License-Identifier: BSD-2-Clause */
/* "Did you mean": finds the known name that is nearest to a misspelt one. Pure. */
#ifndef BROKER_BASE_SUGGEST_H
#define BROKER_BASE_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

/* What a search may cost: each name 1, and each pair of characters that is compared 1. */
#define SUGGEST_BUDGET 16384

struct suggest {
    const char *word;
    size_t bytes;     /* its length, or something above 64 */
    size_t left;      /* of the budget; 0: nothing more is looked at */
    const char *best; /* borrowed from suggest_offer(); NULL as long as nothing is near enough */
    size_t distance;
    bool is_beginning; /* the word is how `best` begins */
};

/* Begins a search for the name nearest to `word` (borrowed). Words above 64 bytes are never near anything. */
void suggest_init(struct suggest *suggest, const char *word);

/* Offers a known name; it must stay valid as long as `best` is used. Does nothing if the budget is used up.
 */
void suggest_offer(struct suggest *suggest, const char *name);

/* Takes from the budget what looking for names costs. */
void suggest_spend(struct suggest *suggest, size_t cost);

/* Writes `did you mean "NAME"?` to `text`, which is returned, or returns NULL if nothing was near. */
const char *suggest_hint(const struct suggest *suggest, char *text, size_t bytes);

#endif
