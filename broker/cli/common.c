/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers that several subcommands share. */
#include "broker/cli/common.h"

#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

char *cli_runtime_folder(const struct cli_options *options)
{
    return options->runtime_folder ? strdup(options->runtime_folder) : NULL;
}

int cli_block_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}
