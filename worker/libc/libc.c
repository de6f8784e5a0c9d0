/* SPDX-License-Identifier: BSD-2-Clause */
/* The facts about this worker, for the other files of this folder. Zygote and workers. */
#include "worker/libc/libc.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIBC_MAX_PROCESSORS 4096

struct libc_facts libc_facts;

static unsigned libc_n_processors = 1;

void libc_start(void)
{
    unsigned long mask[LIBC_MAX_PROCESSORS / (8 * sizeof(unsigned long))] = {0};
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
    unsigned n = 0;

    for (long i = 0; i < bytes / (long)sizeof(mask[0]); i++)
        n += (unsigned)__builtin_popcountl(mask[i]);
    if (n)
        libc_n_processors = n;
}

unsigned libc_processors(void)
{
    return libc_n_processors;
}

void libc_enter(const struct libc_facts *facts)
{
    libc_facts = *facts;
}
