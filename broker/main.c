/* SPDX-License-Identifier: BSD-2-Clause */
/* firecurtain: see cli/cli.h. */
#include "broker/cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
