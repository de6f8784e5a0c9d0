/* SPDX-License-Identifier: BSD-2-Clause */
/* What a keeper opens for a broker, opened about this process, which is its own worker; linked by --wrap. */
#ifndef TESTS_FUZZ_KEEPER_H
#define TESTS_FUZZ_KEEPER_H

#include <errno.h>
#include <fcntl.h>

#include "broker/keeper/client.h"

static int open_own(const char *path)
{
    int own = open(path, O_RDONLY | O_CLOEXEC);

    return own < 0 ? -errno : own;
}

__typeof__(keeper_open_memory) __wrap_keeper_open_memory;
int __wrap_keeper_open_memory(struct keeper *keeper, pid_t pid)
{
    (void)keeper, (void)pid;
    return open_own("/proc/self/mem");
}

__typeof__(keeper_open_maps) __wrap_keeper_open_maps;
int __wrap_keeper_open_maps(struct keeper *keeper, pid_t pid)
{
    (void)keeper, (void)pid;
    return open_own("/proc/self/maps");
}

#endif
