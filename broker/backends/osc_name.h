/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The name of a channel of an OSC instance: `/path`, `/path:n` or, for an address with a colon or with
 * characters that OSC forbids, `"/path"` or `"/path":n`. Pure.
 */
#ifndef BROKER_BACKENDS_OSC_NAME_H
#define BROKER_BACKENDS_OSC_NAME_H

#include <stddef.h>

#include "broker/backends/osc_pattern.h"
#include "firecurtain/backend.h"

struct osc_name {
    char path[OSC_PATTERN_MAX_BYTES]; /* without quotes and root */
    size_t n;                         /* of the value, from 0 */
};

/* Reads a name. -EINVAL with `reason` filled. */
int osc_name_read(struct osc_name *parsed, const char *name, struct fc_reason *reason);

/* Is the slot `canonical`: removes `:0`, leading zeroes of the number, and quotes that are not needed. */
int osc_name_canonical(const char *name, char *canonical, size_t bytes, struct fc_reason *reason);

#endif
