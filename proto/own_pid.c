/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See own_pid.h. The C library kept the number once, and forgot it only in its own fork(): a clone3() by
 * hand, as the zygote's, went by it. A page that the kernel wipes cannot be wrong in that way.
 */
#include "proto/own_pid.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static pid_t *own_pid; /* 0: has to be asked for */

void own_pid_keep(void)
{
    size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
    void *page;

    if (own_pid)
        return;
    page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return;
    if (madvise(page, bytes, MADV_WIPEONFORK) < 0)
        munmap(page, bytes);
    else
        own_pid = page;
}

/* Of any thread; two that find nothing write the same. */
pid_t getpid(void)
{
    pid_t pid = own_pid ? __atomic_load_n(own_pid, __ATOMIC_RELAXED) : 0;

    if (pid)
        return pid;
    pid = (pid_t)syscall(SYS_getpid);
    if (own_pid)
        __atomic_store_n(own_pid, pid, __ATOMIC_RELAXED);
    return pid;
}
