/* SPDX-License-Identifier: BSD-2-Clause */
/* An array of paths, searched from its start: there are few, one per folder of a show. */
#include "broker/base/path_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"

int path_set_add(struct path_set *set, const char *path)
{
    char **paths;

    for (size_t i = 0; i < set->n; i++) {
        if (strcmp(set->paths[i], path) == 0)
            return 0;
    }
    paths = grow_by_one(set->paths, set->n, sizeof(*paths));
    if (!paths)
        return -ENOMEM;
    set->paths = paths;
    paths[set->n] = strdup(path);
    return paths[set->n] ? (set->n++, 0) : -ENOMEM;
}

void path_set_deinit(struct path_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        free(set->paths[i]);
    free(set->paths);
    *set = (struct path_set){0};
}
