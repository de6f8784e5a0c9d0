/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of backends: a new backend is a row here, and its declaration above the table. */
#include "broker/build/backends.h"

#include <string.h>

#include "broker/python/backend.h"
#include "firecurtain/cleanup.h"

extern const struct fc_backend backend_artnet;
extern const struct fc_backend backend_loopback;
extern const struct fc_backend backend_osc;

const struct fc_backend *const backend_table[] = {
    &backend_artnet,
    &backend_loopback,
    &backend_osc,
    &backend_python,
};

const size_t backend_table_size = FC_ARRAY_SIZE(backend_table);

const struct fc_backend *backend_find(const char *name)
{
    for (size_t i = 0; i < backend_table_size; i++) {
        if (strcmp(backend_table[i]->name, name) == 0)
            return backend_table[i];
    }
    return NULL;
}
