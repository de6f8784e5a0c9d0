/* SPDX-License-Identifier: BSD-2-Clause */
/* "Did you mean": finds the known name that is nearest to a misspelt one. Pure. */
#ifndef BROKER_BASE_SUGGEST_H
#define BROKER_BASE_SUGGEST_H

#include <stddef.h>

struct suggest {
    const char *word;
    const char *best; /* borrowed from suggest_offer(); NULL as long as nothing is near enough */
    size_t distance;
};

/* Begins a search for the name nearest to `word` (borrowed). Words above 64 bytes are never near anything. */
void suggest_init(struct suggest *suggest, const char *word);

/* Offers a known name; it must stay valid as long as `best` is used. */
void suggest_offer(struct suggest *suggest, const char *name);

/* Writes `did you mean "NAME"?` to `text`, which is returned, or returns NULL if nothing was near. */
const char *suggest_hint(const struct suggest *suggest, char *text, size_t bytes);

#endif
