/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares the paths of requests with those that are allowed. */
#include "proto/spawn_paths.h"

#include <string.h>

/* Returns the part of `path` below the folder, "" if it is the folder itself, or NULL if it is elsewhere. */
static const char *paths_below(const char *folder, const char *path)
{
    size_t n = strlen(folder);

    if (strncmp(path, folder, n) != 0)
        return NULL;
    if (n && folder[n - 1] == '/')
        return path + n;
    return path[n] == '/' ? path + n + 1 : path[n] ? NULL : path + n;
}

bool spawn_paths_climb(const char *path)
{
    const char *part = path;

    while ((part = strstr(part, ".."))) {
        if ((part == path || part[-1] == '/') && (part[2] == '/' || !part[2]))
            return true;
        part++;
    }
    return false;
}

bool spawn_paths_show(const struct spawn_paths *paths, const char *path)
{
    if (path[0] != '/' || spawn_paths_climb(path))
        return false;
    for (size_t i = 0; i < paths->n_shown; i++) {
        if (paths_below(paths->shown[i], path))
            return true;
    }
    return false;
}

static bool paths_is_show(const struct spawn_paths *paths, const char *show, const char *end)
{
    const char *only = paths->state_show;

    return !only || !only[0] ||
           (strlen(only) == (size_t)(end - show) && memcmp(only, show, (size_t)(end - show)) == 0);
}

bool spawn_paths_is_state(const struct spawn_paths *paths, const char *path)
{
    const char *show = paths_below(paths->state_root, path);
    const char *instance = show ? strchr(show, '/') : NULL;

    return instance && instance > show && show[0] != '.' && instance[1] && instance[1] != '.' &&
           !strchr(instance + 1, '/') && paths_is_show(paths, show, instance);
}

bool spawn_paths_allow(const struct spawn_paths *paths, const struct spawn_request *request)
{
    const char *path = request->reads;

    if (!spawn_is_sound(request))
        return false;
    for (uint32_t i = 0; i < request->n_reads; i++, path += strlen(path) + 1) {
        if (!spawn_paths_show(paths, path))
            return false;
    }
    return spawn_paths_show(paths, request->script_folder) &&
           spawn_paths_is_state(paths, request->state_folder);
}
