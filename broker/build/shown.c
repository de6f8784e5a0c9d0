/* SPDX-License-Identifier: BSD-2-Clause */
/* Collects what the scripts of one account see of the machine's folders. */
#include "broker/build/shown.h"

#include "broker/base/path_set.h"
#include "broker/python/backend.h"
#include "broker/show/show.h"
#include "firecurtain/cleanup.h"
#include "proto/spawn_paths.h"

int shown_collect(const struct show *show, unsigned account, struct path_set *shown)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < show->n_instances; i++) {
        const struct fc_instance *instance = show->instances[i];

        if (instance->backend == &backend_python && instance_account(instance) == account)
            r = python_collect_shown(instance, shown);
    }
    return r;
}

int shown_find_beyond(const struct show *show, unsigned account, const struct path_set *allowed,
                      struct path_set *beyond)
{
    const struct spawn_paths paths = {.shown = (const char *const *)allowed->paths, .n_shown = allowed->n};
    FC_CLEANUP(path_set_deinit) struct path_set shown = {0};
    int r = shown_collect(show, account, &shown);

    for (size_t i = 0; r == 0 && i < shown.n; i++) {
        if (!spawn_paths_show(&paths, shown.paths[i]))
            r = path_set_add(beyond, shown.paths[i]);
    }
    return r;
}
