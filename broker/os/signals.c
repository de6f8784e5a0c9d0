/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns signals into something to read. */
#include "broker/os/signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

int signals_block(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}
