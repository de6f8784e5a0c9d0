/* SPDX-License-Identifier: BSD-2-Clause */
/* The program firecurtain: the command line, which becomes the broker for `run` and `replay`. */
#include "broker/cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
