/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of backends: a new backend is a row here, and its declaration above the table. */
#include "broker/build/backends.h"

#include <string.h>

#include "broker/proxy/proxy.h"
#include "broker/python/backend.h"
#include "firecurtain/cleanup.h"

extern const struct fc_backend backend_artnet;
extern const struct fc_backend backend_evdev;
extern const struct fc_backend backend_loopback;
extern const struct fc_backend backend_loopback_driver;
extern const struct fc_backend backend_midi;
extern const struct fc_backend backend_mqtt;
extern const struct fc_backend backend_osc;
extern const struct fc_backend backend_panel;
extern const struct fc_backend backend_rtpmidi;
extern const struct fc_backend backend_sacn;

const struct fc_backend *const backend_table[] = {
    &backend_artnet, &backend_evdev,   &backend_loopback, &backend_loopback_driver,
    &backend_midi,   &backend_mqtt,    &backend_osc,      &backend_panel,
    &backend_python, &backend_rtpmidi, &backend_sacn,
};

const size_t backend_table_size = FC_ARRAY_SIZE(backend_table);

const struct fc_backend *backend_find(const char *name)
{
    for (size_t i = 0; i < backend_table_size; i++) {
        if (strcmp(backend_table[i]->name, name) == 0)
            return proxy_for(backend_table[i]);
    }
    return NULL;
}
