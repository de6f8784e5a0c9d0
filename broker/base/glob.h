/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Channel globs: `{1..5}`, `{5..1}` and `{a,b,c}`, any number in one name, the rightmost varying fastest.
 * Pure: no memory is shared with the caller, nothing is logged.
 */
#ifndef BROKER_BASE_GLOB_H
#define BROKER_BASE_GLOB_H

#include <stddef.h>
#include <stdint.h>

/* The most names from one specification; more are an error, since they are probably a typing mistake. */
#define GLOB_MAX_NAMES 1000000

struct glob_part;

struct glob {
    struct glob_part *parts; /* literals and expressions in order; owned */
    size_t n_parts;
    uint64_t n_names; /* how many names the glob stands for; 1 without any expression */
};

struct glob_error {
    size_t offset; /* of the offending expression in the text */
    char text[128];
};

/* Parses `text`. -EINVAL with `error` filled, -ENOMEM, or 0. `glob` need not be initialised. */
int glob_parse(struct glob *glob, const char *text, struct glob_error *error);

/* Frees what the glob holds. Takes zeroed and deinitialised ones. */
void glob_deinit(struct glob *glob);

/* Writes name `n` (below n_names) with its NUL. Returns its length, or -ENAMETOOLONG. */
int glob_name(const struct glob *glob, uint64_t n, char *name, size_t bytes);

#endif
