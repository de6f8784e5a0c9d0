/* SPDX-License-Identifier: BSD-2-Clause */
/* The program firecurtain: the command line, which also starts the broker. */
#include "broker/cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
