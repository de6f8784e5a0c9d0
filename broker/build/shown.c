/* SPDX-License-Identifier: BSD-2-Clause */
/* Collects what the scripts of one account see of the machine's folders. */
#include "broker/build/shown.h"

#include "broker/python/backend.h"
#include "broker/show/show.h"

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
