/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for what a program asks about itself and the machine: times(), clock_getres(), getpgrp(),
 * getpgid(), getgroups(), getresuid(), getresgid(), sysconf(), get_phys_pages(), get_avphys_pages(),
 * sched_getaffinity().
 */
#include "worker/libc/names.h"

#include "worker/libc/libc.h"

#include <errno.h>
#include <sched.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#define PROCESS_TICKS_PER_S 100

long __sysconf(int name);

static clock_t process_ticks(clockid_t clock)
{
    struct timespec now = {0};

    clock_gettime(clock, &now);
    return now.tv_sec * PROCESS_TICKS_PER_S + now.tv_nsec / (1000000000 / PROCESS_TICKS_PER_S);
}

/* All time counts as the user's: how much of it was the kernel's is nothing that a clock tells. */
clock_t times(struct tms *spent)
{
    if (!libc_facts.is_confined)
        return LIBC_NEXT(times)(spent);
    if (spent)
        *spent = (struct tms){.tms_utime = process_ticks(CLOCK_PROCESS_CPUTIME_ID)};
    return process_ticks(CLOCK_MONOTONIC);
}

/* The clocks that a script can read are exact to a nanosecond. */
int clock_getres(clockid_t clock, struct timespec *resolution)
{
    struct timespec now;

    if (!libc_facts.is_confined)
        return LIBC_NEXT(clock_getres)(clock, resolution);
    if (clock_gettime(clock, &now) < 0)
        return -1;
    if (resolution)
        *resolution = (struct timespec){.tv_nsec = 1};
    return 0;
}

/* A worker is alone in its process group. */
pid_t getpgrp(void)
{
    return libc_facts.is_confined ? getpid() : LIBC_NEXT(getpgrp)();
}

pid_t getpgid(pid_t pid)
{
    if (!libc_facts.is_confined)
        return LIBC_NEXT(getpgid)(pid);
    if (pid == 0 || pid == getpid())
        return getpid();
    errno = ESRCH;
    return -1;
}

/* A script has one identity. */
int getresuid(uid_t *real, uid_t *effective, uid_t *saved)
{
    if (!libc_facts.is_confined)
        return LIBC_NEXT(getresuid)(real, effective, saved);
    *real = *effective = *saved = getuid();
    return 0;
}

int getresgid(gid_t *real, gid_t *effective, gid_t *saved)
{
    if (!libc_facts.is_confined)
        return LIBC_NEXT(getresgid)(real, effective, saved);
    *real = *effective = *saved = getgid();
    return 0;
}

int getgroups(int size, gid_t list[])
{
    return libc_facts.is_confined ? 0 : LIBC_NEXT(getgroups)(size, list);
}

/* The machine's memory is the instance's; how much of it is left nobody keeps count of. */
static long process_sysconf(int name)
{
    switch (name) {
    case _SC_NPROCESSORS_ONLN:
    case _SC_NPROCESSORS_CONF:
        return (long)libc_processors();
    case _SC_PHYS_PAGES:
        return (long)libc_facts.memory_bytes / LIBC_NEXT(sysconf)(_SC_PAGESIZE);
    case _SC_AVPHYS_PAGES:
        errno = ENOTSUP;
        return -1;
    case _SC_OPEN_MAX:
        return (long)libc_facts.files;
    default:
        return LIBC_NEXT(sysconf)(name);
    }
}

long sysconf(int name)
{
    return libc_facts.is_confined ? process_sysconf(name) : LIBC_NEXT(sysconf)(name);
}

/* glibc's own name for it, which libpython uses */
long __sysconf(int name)
{
    return sysconf(name);
}

/* They would take what sysinfo() does not answer for an answer. */
long get_phys_pages(void)
{
    return sysconf(_SC_PHYS_PAGES);
}

long get_avphys_pages(void)
{
    return sysconf(_SC_AVPHYS_PAGES);
}

int sched_getaffinity(pid_t pid, size_t bytes, cpu_set_t *set)
{
    if (!libc_facts.is_confined)
        return LIBC_NEXT(sched_getaffinity)(pid, bytes, set);
    errno = pid != 0 && pid != getpid() ? ESRCH : bytes * 8 < libc_processors() ? EINVAL : 0;
    if (errno)
        return -1;
    CPU_ZERO_S(bytes, set);
    for (unsigned i = 0; i < libc_processors(); i++)
        CPU_SET_S(i, bytes, set);
    return 0;
}
