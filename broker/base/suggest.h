/* SPDX-License-Identifier: BSD-2-Clause */
/* "Did you mean": the known name that is nearest to what was written. */
#ifndef BROKER_BASE_SUGGEST_H
#define BROKER_BASE_SUGGEST_H

#include <stddef.h>

struct suggest {
    const char *word;
    const char *best; /* NULL as long as nothing is near enough; borrowed from the last suggest_offer() */
    size_t distance;
};

/* Begins a search for the name nearest to `word` (borrowed). Words above 64 bytes are never near anything. */
void suggest_init(struct suggest *suggest, const char *word);

/* Offers a known name; it must stay valid as long as `best` is used. */
void suggest_offer(struct suggest *suggest, const char *name);

/* `did you mean "NAME"?` in `text`, or NULL if nothing was near. */
const char *suggest_hint(const struct suggest *suggest, char *text, size_t bytes);

#endif
