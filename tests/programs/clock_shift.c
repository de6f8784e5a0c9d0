/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A library for LD_PRELOAD: a wall clock that is set while the program runs. CLOCK_REALTIME is off by the
 * number of seconds in the file that CLOCK_SHIFT_FILE names; other clocks are right, as when a real clock is
 * set.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* A shared page of the file: mapped before the process is confined, and read without a system call. */
static volatile char *shift_page;

__attribute__((constructor)) static void shift_open(void)
{
    const char *path = getenv("CLOCK_SHIFT_FILE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

    if (fd >= 0)
        close(fd);
    shift_page = page == MAP_FAILED ? NULL : page;
}

static time_t shift_seconds(void)
{
    return shift_page ? (time_t)atol((const char *)shift_page) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int r = (int)syscall(SYS_clock_gettime, clock, now);

    if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += shift_seconds();
    return r;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec real;
    int r = clock_gettime(CLOCK_REALTIME, &real);

    (void)zone;
    now->tv_sec = real.tv_sec;
    now->tv_usec = real.tv_nsec / 1000;
    return r;
}

time_t time(time_t *seconds)
{
    struct timespec real;

    clock_gettime(CLOCK_REALTIME, &real);
    if (seconds)
        *seconds = real.tv_sec;
    return real.tv_sec;
}
