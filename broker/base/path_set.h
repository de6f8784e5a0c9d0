/* SPDX-License-Identifier: BSD-2-Clause */
/* A set of paths, in the order in which they were added. */
#ifndef BROKER_BASE_PATH_SET_H
#define BROKER_BASE_PATH_SET_H

#include <stddef.h>

struct path_set {
    char **paths;
    size_t n;
};

/* Adds a copy of the path, unless it is in the set. 0 or -ENOMEM. */
int path_set_add(struct path_set *set, const char *path);

void path_set_deinit(struct path_set *set);

#endif
