/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many descriptors are left cannot be asked for: the numbers in use have gaps, and poll() takes those
 * opened with O_PATH for closed ones. Usually the last numbers below the limit are free, which is quickly
 * seen; otherwise that many are taken and given back.
 */
#include "broker/base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

static bool descriptors_last_are_free(unsigned n)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > INT_MAX || limit.rlim_cur < n)
        return false;
    for (unsigned i = 1; i <= n; i++) {
        if (fcntl((int)limit.rlim_cur - (int)i, F_GETFD) >= 0 || errno != EBADF) /* a filter may refuse it */
            return false;
    }
    return true;
}

int descriptors_left(unsigned n)
{
    int taken[DESCRIPTORS_FOR_SCRIPTS];
    unsigned i = 0;
    int r = 0;

    if (descriptors_last_are_free(n))
        return 0;
    while (i < n && i < DESCRIPTORS_FOR_SCRIPTS && r == 0) {
        taken[i] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
        r = taken[i] < 0 ? -errno : 0;
        i += r == 0;
    }
    while (i)
        close(taken[--i]);
    return r;
}

void descriptor_read_rest(int fd, char *text, size_t bytes)
{
    size_t n = 0;
    ssize_t r;

    while (n < bytes - 1 && (r = read(fd, text + n, bytes - 1 - n)) > 0)
        n += (size_t)r;
    text[n] = '\0';
}
