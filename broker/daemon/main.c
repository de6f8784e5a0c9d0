/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program firecurtain-broker: the broker, its keeper and the counter. `firecurtain run` and `firecurtain
 * replay` become it. It has one thread, and no library in it makes another.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "broker/base/log.h"
#include "broker/daemon/arguments.h"
#include "broker/daemon/run.h"

int main(int argc, char **argv)
{
    struct daemon_arguments arguments;
    int r = daemon_arguments_read(&arguments, argc, argv);
    int status = r == -ENOMEM ? EX_OSERR : EX_USAGE;

    if (r == 0) {
        log_init(arguments.level);
        log_set_format(arguments.format);
        status = daemon_run(&arguments);
    } else {
        fputs("firecurtain-broker is started by \"firecurtain run\" and cannot be run by hand\n", stderr);
    }
    free(arguments.overrides);
    return status;
}
