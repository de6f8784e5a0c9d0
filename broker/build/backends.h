/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of all backends. */
#ifndef BROKER_BUILD_BACKENDS_H
#define BROKER_BUILD_BACKENDS_H

#include <stddef.h>

#include "firecurtain/backend.h"

extern const struct fc_backend *const backend_table[];
extern const size_t backend_table_size;

/* Returns the backend of this name as the core uses it (proxy/proxy.h), or NULL. */
const struct fc_backend *backend_find(const char *name);

#endif
