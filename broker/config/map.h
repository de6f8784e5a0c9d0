/* SPDX-License-Identifier: BSD-2-Clause */
/* The mappings of a configuration. */
#ifndef BROKER_CONFIG_MAP_H
#define BROKER_CONFIG_MAP_H

#include "broker/config/private.h"

/* Parses a line below [map]. 0 or -ENOMEM. */
int config_parse_mapping(struct config_parser *parser, const struct config_line *line);

/* Reports what does not fit together, once all is read, and drops every mapping with an error. */
void config_check_mappings(struct config_parser *parser);

#endif
