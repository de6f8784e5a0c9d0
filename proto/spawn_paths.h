/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The folders that workers can be given. They are fixed before the broker receives anything. The keeper and
 * the zygote, which the broker does not control, check every request against them, since the broker might
 * have been taken over. Only the text of paths is checked: no confined process can make a folder or link in
 * these places.
 */
#ifndef PROTO_SPAWN_PATHS_H
#define PROTO_SPAWN_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/spawn_request.h"

struct spawn_paths {
    const char *state_root;   /* private folders are STATE_ROOT/SHOW/INSTANCE */
    const char *state_show;   /* the only SHOW allowed; NULL or "": any */
    const char *const *shown; /* files, and folders with everything below */
    size_t n_shown;
};

/* Tells whether a component of the path is "..". */
bool spawn_paths_climb(const char *path);

/* Tells whether a worker may see the path read-only. */
bool spawn_paths_show(const struct spawn_paths *paths, const char *path);

/* Tells whether the path is the private folder of an instance. */
bool spawn_paths_is_state(const struct spawn_paths *paths, const char *path);

/* Tells whether the request is sound and may have each of its paths. */
bool spawn_paths_allow(const struct spawn_paths *paths, const struct spawn_request *request);

#endif
