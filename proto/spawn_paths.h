/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which folders workers may be given: fixed before the broker hears anybody, and checked by those who are not
 * confined (the keeper, the zygote) in every request of the broker, which might have been taken over since.
 * Only text is looked at: nobody who is confined can make a folder or a link in any of these places.
 */
#ifndef PROTO_SPAWN_PATHS_H
#define PROTO_SPAWN_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/spawn_request.h"

struct spawn_paths {
    const char *state_root; /* private folders are STATE_ROOT/SHOW/INSTANCE, … */
    const char *state_show; /* … of this SHOW only, unless it is NULL or empty */
    const char *const *shown;
    size_t n_shown; /* files, or folders with all that is below */
};

/* Whether a part of the path leads upwards. */
bool spawn_paths_climb(const char *path);

/* Whether a worker may see the path read-only. */
bool spawn_paths_show(const struct spawn_paths *paths, const char *path);

/* Whether it is the private folder of an instance. */
bool spawn_paths_is_state(const struct spawn_paths *paths, const char *path);

/* Whether every path of the request is one that its place allows, and every string has its end. */
bool spawn_paths_allow(const struct spawn_paths *paths, const struct spawn_request *request);

#endif
