/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of a configuration. */
#ifndef BROKER_CONFIG_READ_H
#define BROKER_CONFIG_READ_H

#include "broker/config/private.h"

/* Reads the file that was given, with all that it includes. 0 or -ENOMEM. */
int config_read(struct config_parser *parser, const char *path);

#endif
