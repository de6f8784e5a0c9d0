/* SPDX-License-Identifier: BSD-2-Clause */
/* One line of a configuration. */
#ifndef BROKER_CONFIG_PARSE_H
#define BROKER_CONFIG_PARSE_H

#include "broker/config/private.h"

/*
 * Parses a line that is neither blank nor a comment. If it is an [include FILE], `*file` is set to the name,
 * in the text of the line, and the caller reads that file. 0 or -ENOMEM.
 */
int config_parse_line(struct config_parser *parser, const struct config_line *line, struct config_span *file);

#endif
