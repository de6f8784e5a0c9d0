/* SPDX-License-Identifier: BSD-2-Clause */
/* All backends: a new one is a row in table.c. */
#ifndef BROKER_BUILD_BACKENDS_H
#define BROKER_BUILD_BACKENDS_H

#include <stddef.h>

#include "firecurtain/backend.h"

extern const struct fc_backend *const backend_table[];
extern const size_t backend_table_size;

/* NULL if there is none of this name. */
const struct fc_backend *backend_find(const char *name);

#endif
