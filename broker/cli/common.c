/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers that several subcommands share. */
#include "broker/cli/common.h"

#include <string.h>

char *cli_runtime_folder(const struct cli_options *options)
{
    return options->runtime_folder ? strdup(options->runtime_folder) : NULL;
}
