/* SPDX-License-Identifier: BSD-2-Clause */
/* The values of options on the command line. */
#ifndef BROKER_CLI_VALUES_H
#define BROKER_CLI_VALUES_H

#include "broker/cli/common.h"

/*
 * Takes the value of one option, by its letter; letters without a value are none of its business. `value`
 * must outlive `options`. Returns NULL, or what is wrong, to be followed by the value.
 */
const char *cli_take_value(struct cli_options *options, int letter, const char *value);

#endif
