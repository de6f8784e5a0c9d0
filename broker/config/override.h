/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of the command line that change the configuration. */
#ifndef BROKER_CONFIG_OVERRIDE_H
#define BROKER_CONFIG_OVERRIDE_H

#include "broker/config/private.h"

struct config_override;

/* Applies the overrides, once all is read. 0 or -ENOMEM. */
int config_apply_overrides(struct config_parser *parser, const struct config_override *overrides,
                           size_t n_overrides);

#endif
