/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps the process id in a page that the kernel wipes on fork. Old versions of the C library kept it too,
 * but forgot it only in fork(): after a clone3() like the zygote's it was wrong. A wiped page cannot be.
 */
#include "proto/own_pid.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static pid_t *own_pid; /* points to 0 while the id is unknown */

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

/* Returns the id in any thread; two that find 0 at once write the same. */
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
