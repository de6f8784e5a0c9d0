/* SPDX-License-Identifier: BSD-2-Clause */
/* "Did you mean", for backends whose channels or options have names of a list. */
#ifndef FIRECURTAIN_SUGGEST_H
#define FIRECURTAIN_SUGGEST_H

#include <stddef.h>

#define FC_HINT_BYTES 128

/* Returns the name with this number, counting from 0; NULL behind the last one. */
typedef const char *(*fc_name_fn)(const void *userdata, size_t i);

/*
 * Writes `did you mean "NAME"?`, with the name that is nearest to a misspelt word, to `hint`, which is
 * returned; NULL if none is near.
 */
const char *fc_suggest(char *hint, size_t bytes, const char *word, fc_name_fn name, const void *userdata);

#endif
